#ifndef PENSTOCK_H
#define PENSTOCK_H
const char *penstock_version(void);
#endif
