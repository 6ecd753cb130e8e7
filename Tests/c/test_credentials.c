/*
 * Credentials that the host gives: what the callback is asked, what its answer does, and when its
 * context is released.
 */
#include "support.h"
#include <pthread.h>
#include <stdatomic.h>

typedef struct host {
    atomic_int calls;
    atomic_int released;
    pthread_t caller;
    const char *answer;
    const char *refusal;
    char seen[512];
} host;

static void token(void *context, const penstock_credential_request *request,
                  penstock_credential_reply *reply) {
    host *self = context;
    self->calls++;
    self->caller = pthread_self();
    CHECK_TEXT(request->name, "mine");
    CHECK(request->method == NULL && request->url == NULL && request->body.data == NULL);
    if (self->refusal)
        penstock_credential_reply_fail(reply, self->refusal);
    else if (self->answer)
        penstock_credential_reply_token(reply, self->answer, strlen(self->answer), -1);
}

static void signature(void *context, const penstock_credential_request *request,
                      penstock_credential_reply *reply) {
    host *self = context;
    self->calls++;
    snprintf(self->seen, sizeof self->seen, "%s %s %.*s", request->method, request->url,
             (int)request->body.size, request->body.data ? request->body.data : "");
    penstock_credential_reply_header(reply, "X-Signature", "s1gned");
}

static void release(void *context) {
    ((host *)context)->released++;
}

static penstock_client *client_of(const char *type) {
    char document[512];
    snprintf(document, sizeof document,
             "{\"base_url\": \"%s\", \"auth\": {\"type\": \"%s\", \"name\": \"mine\"}}",
             server_url(), type);
    return open_client_with(document);
}

static void tokens(void) {
    host first = {.answer = "one"}, second = {.refusal = "no\nmore"};
    penstock_client *client = client_of("host_token");
    penstock_page *page = NULL;
    penstock_error *error = NULL;
    const char *request = "{\"path\": \"/single\"}";

    /* Not set yet. */
    CHECK_INT(penstock_client_request(client, request, strlen(request), -1, &page, &error),
              PENSTOCK_ERROR_STATE);
    CHECK_CONTAINS(penstock_error_message(error), "not set");
    penstock_error_free(error);

    CHECK_CALL(penstock_client_set_credential(client, "mine", token, &first, release, &error),
               PENSTOCK_OK);
    for (int i = 0; i < 3; i++)
        penstock_page_free(get(client, "/single"));
    CHECK_INT(first.calls, 1);
    CHECK(!pthread_equal(first.caller, pthread_self()));
    CHECK_INT(first.released, 0);

    /* Replaced, the first is let go; the token that it gave serves on. */
    CHECK_CALL(penstock_client_set_credential(client, "mine", token, &second, release, &error),
               PENSTOCK_OK);
    CHECK_INT(first.released, 1);
    penstock_page_free(get(client, "/single"));
    CHECK_INT(second.calls, 0);
    penstock_client_free(client);
    CHECK_INT(second.released, 1);

    client = client_of("host_token");
    CHECK_CALL(penstock_client_set_credential(client, "mine", token, &second, NULL, &error),
               PENSTOCK_OK);
    CHECK_INT(penstock_client_request(client, request, strlen(request), -1, &page, &error),
              PENSTOCK_ERROR_AUTH);
    CHECK_CONTAINS(penstock_error_message(error), "no more");
    penstock_error_free(error);
    /* Taken away. */
    CHECK_CALL(penstock_client_set_credential(client, "mine", NULL, NULL, NULL, &error),
               PENSTOCK_OK);
    CHECK_INT(penstock_client_request(client, request, strlen(request), -1, &page, &error),
              PENSTOCK_ERROR_STATE);
    penstock_error_free(error);
    penstock_client_free(client);
    CHECK_INT(second.released, 1);
}

static void signatures(void) {
    host signer = {0};
    penstock_client *client = client_of("host_signature");
    penstock_page *page = NULL;
    const char *request = "{\"method\": \"POST\", \"path\": \"/single?a=1\", \"json\": {\"b\": 2}}";
    CHECK_CALL(penstock_client_set_credential(client, "mine", signature, &signer, release, &error),
               PENSTOCK_OK);
    CHECK_CALL(penstock_client_request(client, request, strlen(request), -1, &page, &error),
               PENSTOCK_OK);
    CHECK_INT(signer.calls, 1);
    CHECK_CONTAINS(signer.seen, "POST http");
    CHECK_CONTAINS(signer.seen, "/single?a=1 {\"b\":2}");
    penstock_page_free(page);
    penstock_client_free(client);
    CHECK_INT(signer.released, 1);
}

int main(void) {
    test_begin("credentials");
    tokens();
    signatures();
    return test_end();
}
