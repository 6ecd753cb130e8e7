#pragma once
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <string.h>

// What credentials need of libcrypto, each in one call: nothing of OpenSSL's own memory gets out.

static inline int penstock_hmac_sha256(const uint8_t *key, size_t key_size, const uint8_t *data,
                                       size_t size, uint8_t out[32]) {
    unsigned int length = 0;
    // A key of no bytes is one, too, but NULL would mean the key of the call before.
    static const uint8_t none = 0;
    return HMAC(EVP_sha256(), key ? key : &none, (int)key_size, data, size, out, &length) != NULL &&
           length == 32;
}

// Slow on purpose (RFC 8018): what is made of a short secret can't be found by trying.
static inline int penstock_stretch(const uint8_t *secret, size_t size, const uint8_t *salt,
                                   size_t salt_size, int rounds, uint8_t out[32]) {
    if (size > INT32_MAX || salt_size > INT32_MAX)
        return 0;
    return PKCS5_PBKDF2_HMAC((const char *)secret, (int)size, salt, (int)salt_size, rounds,
                             EVP_sha256(), 32, out);
}

// A password would be asked for at the terminal: no key of a document has one.
static inline int penstock_no_password(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static inline EVP_PKEY *penstock_key(const uint8_t *pem, size_t size) {
    if (size > INT32_MAX)
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    if (!bio)
        return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, penstock_no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

// Whether it is a key for RS256 (1) or ES256 (2), and strong enough (RFC 7518 section 3.3: 2048
// bits); 0 for neither.
static inline int penstock_key_kind(const uint8_t *pem, size_t size) {
    EVP_PKEY *key = penstock_key(pem, size);
    if (!key)
        return -1;
    int kind = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        kind = EVP_PKEY_get_bits(key) >= 2048 ? 1 : 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        char group[32] = "";
        size_t length = 0;
        if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
            strcmp(group, "prime256v1") == 0)
            kind = 2;
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return kind;
}

// The length of what is written to `out`; 0 when that key can't sign so or `out` is too small.
static inline size_t penstock_sign_sha256(const uint8_t *pem, size_t pem_size, int kind,
                                          const uint8_t *data, size_t size, uint8_t *out,
                                          size_t capacity) {
    if (penstock_key_kind(pem, pem_size) != kind)
        return 0;
    EVP_PKEY *key = penstock_key(pem, pem_size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = capacity;
    int done = key && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestSign(context, out, &length, data, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!done || kind == 1)
        return done ? length : 0;
    // ECDSA comes as DER; RFC 7518 section 3.4 wants r and s, 32 bytes each.
    const uint8_t *der = out;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
    uint8_t flat[64];
    done = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), flat, 32) == 32 &&
           BN_bn2binpad(ECDSA_SIG_get0_s(pair), flat + 32, 32) == 32;
    ECDSA_SIG_free(pair);
    if (!done || capacity < 64)
        return 0;
    memcpy(out, flat, 64);
    return 64;
}
