"""Two suites, one import: `double/` needs a stand-in for the library, everything else the real one.

A process binds to one library, so `test_with_double.py` runs the first suite in a process of its
own, with PENSTOCK_LIBRARY set to the stand-in.
"""

from __future__ import annotations

import os

if os.path.basename(os.environ.get("PENSTOCK_LIBRARY", "")) == "libpenstock-double.so":
    collect_ignore_glob = ["test_*.py", "live/*"]
else:
    collect_ignore = ["double"]
