/* SPDX-License-Identifier: MIT */
/*
 * As much HTTP 1.1 as a collector needs: GET and HEAD of /metrics, one request a connection,
 * one connection at a time. A client that is slow or sends too much is dropped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics.h"

#define CLIENT_NS (UINT64_C(5) * 1000000000)
enum { SLICE_MS = 100, BACKLOG = 16 };

/* Requests */

bool
metrics_whole(const char *request, size_t bytes)
{
    return memmem(request, bytes, "\r\n\r\n", 4) || memmem(request, bytes, "\n\n", 2);
}

static void
reply(struct gsp_text *out, const char *status, const char *type, const struct gsp_text *body,
      bool with_body)
{
    gsp_text_printf(out,
                    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n%s\r\n",
                    status, type, body->bytes,
                    !strncmp(status, "405", 3) ? "Allow: GET, HEAD\r\n" : "");
    if (with_body && body->bytes)
        gsp_text_add(out, body->data, body->bytes);
}

static void
reply_words(struct gsp_text *out, const char *status, const char *words, bool with_body)
{
    struct gsp_text body = {0};

    gsp_text_printf(&body, "%s\n", words);
    reply(out, status, "text/plain; charset=utf-8", &body, with_body);
    gsp_text_fini(&body);
}

/* A word of the first line up to a blank or its end. */
static const char *
next_word(const char *p, const char *end, size_t *bytes_out)
{
    size_t n = 0;

    while (p < end && *p == ' ')
        p++;
    while (p + n < end && p[n] != ' ')
        n++;
    *bytes_out = n;
    return p;
}

static bool
is_word(const char *p, size_t bytes, const char *word)
{
    return strlen(word) == bytes && !memcmp(p, word, bytes);
}

static void
answer_metrics(const struct metrics_source *source, bool with_body, struct gsp_text *out)
{
    struct gsp_text body = {0};

    if (source->make(source->ctx, &body) < 0 || body.rc < 0)
        reply_words(out, "500 Internal Server Error", "the metrics could not be made",
                    with_body);
    else
        reply(out, "200 OK", METRICS_TYPE, &body, with_body);
    gsp_text_fini(&body);
}

void
metrics_answer(const char *request, size_t bytes, const struct metrics_source *source,
               struct gsp_text *out)
{
    const char *end = memchr(request, '\n', bytes), *method, *path, *version;
    size_t method_bytes, path_bytes, version_bytes;
    bool get, head;

    if (!end || !metrics_whole(request, bytes)) {
        reply_words(out, "400 Bad Request", "no request", true);
        return;
    }
    end -= end > request && end[-1] == '\r';
    method = next_word(request, end, &method_bytes);
    path = next_word(method + method_bytes, end, &path_bytes);
    version = next_word(path + path_bytes, end, &version_bytes);
    get = is_word(method, method_bytes, "GET");
    head = is_word(method, method_bytes, "HEAD");
    if (!(is_word(version, version_bytes, "HTTP/1.1") ||
          is_word(version, version_bytes, "HTTP/1.0")) ||
        version + version_bytes != end)
        reply_words(out, "400 Bad Request", "no request of HTTP 1", !head);
    else if (!get && !head)
        reply_words(out, "405 Method Not Allowed", "GET and HEAD alone", true);
    else if (is_word(path, path_bytes, "/metrics") || !strncmp(path, "/metrics?", 9))
        answer_metrics(source, get, out);
    else
        reply_words(out, "404 Not Found", "see /metrics", get);
}

/* Sockets */

static int
bad_address(const char *where, struct gsp_error *err)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "--listen: '%s' is not [ADDRESS:]PORT", where);
    gsp_hint(err, "for example --listen 9400, --listen '[::1]:9400'");
    return -EINVAL;
}

/* The address and the port of "ADDRESS:PORT"; loopback when there is no address. */
static int
split(const char *where, char host[64], char port[8], struct gsp_error *err)
{
    const char *colon = strrchr(where, ':');
    const char *digits = colon ? colon + 1 : where;
    size_t bytes = colon ? (size_t)(colon - where) : 0;
    const char *from = where;

    if (bytes >= 2 && from[0] == '[' && from[bytes - 1] == ']') {
        from++;
        bytes -= 2;
    } else if (memchr(from, ':', bytes)) {
        return bad_address(where, err);
    }
    if (!*digits || strlen(digits) > 5 || digits[strspn(digits, "0123456789")] ||
        strtoul(digits, NULL, 10) > 65535 || bytes >= 64 || (colon && !bytes))
        return bad_address(where, err);
    snprintf(host, 64, "%.*s", colon ? (int)bytes : 9, colon ? from : "127.0.0.1");
    snprintf(port, 8, "%s", digits);
    return 0;
}

static int
bind_to(const struct addrinfo *at)
{
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int one = 1;
    int rc;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    rc = -errno;
    close(fd);
    return rc;
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_in6 at;
    socklen_t bytes = sizeof(at);

    memset(&at, 0, sizeof(at));
    if (getsockname(fd, (struct sockaddr *)&at, &bytes) < 0)
        return 0;
    return ntohs(at.sin6_port); /* at the same place in both families */
}

int
metrics_listen(const char *where, uint16_t *port_out, struct gsp_error *err)
{
    const struct addrinfo wanted = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[64], port[8];
    int fd = split(where, host, port, err);

    if (fd < 0)
        return fd;
    if (getaddrinfo(host, port, &wanted, &found))
        return bad_address(where, err);
    fd = bind_to(found);
    freeaddrinfo(found);
    if (fd < 0) {
        gsp_fail(err, GSP_ORIGIN_TRANSPORT, fd, "--listen %s: %s", where, strerror(-fd));
        if (fd == -EADDRINUSE)
            gsp_hint(err, "another program has this port");
        return fd;
    }
    *port_out = port_of(fd);
    return fd;
}

static bool
ready(int fd, short events, uint64_t deadline_ns, const volatile int *stop)
{
    while (!*stop && gsp_host_now_ns(NULL) < deadline_ns) {
        struct pollfd p = {.fd = fd, .events = events};

        if (poll(&p, 1, SLICE_MS) > 0)
            return true;
    }
    return false;
}

/* Read up to the empty line. False: too slow, too long, or gone. */
static bool
read_request(int fd, char *request, size_t *bytes, uint64_t deadline_ns,
             const volatile int *stop)
{
    while (*bytes < METRICS_REQUEST && ready(fd, POLLIN, deadline_ns, stop)) {
        const ssize_t n = read(fd, request + *bytes, METRICS_REQUEST - *bytes);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        *bytes += n > 0 ? (size_t)n : 0;
        if (metrics_whole(request, *bytes))
            return true;
    }
    return *bytes == METRICS_REQUEST;
}

static void
serve_client(int fd, const struct metrics_source *source, const volatile int *stop)
{
    const uint64_t deadline_ns = gsp_host_now_ns(NULL) + CLIENT_NS;
    char request[METRICS_REQUEST];
    struct gsp_text out = {0};
    size_t bytes = 0, done = 0;

    if (!read_request(fd, request, &bytes, deadline_ns, stop))
        return;
    if (metrics_whole(request, bytes))
        metrics_answer(request, bytes, source, &out);
    else
        reply_words(&out, "431 Request Header Fields Too Large", "too long", true);
    while (out.rc == 0 && done < out.bytes &&
           ready(fd, POLLOUT, gsp_host_now_ns(NULL) + CLIENT_NS, stop)) {
        const ssize_t n = send(fd, out.data + done, out.bytes - done, MSG_NOSIGNAL);

        if (n <= 0 && errno != EAGAIN && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    gsp_text_fini(&out);
    shutdown(fd, SHUT_WR);
}

int
metrics_serve(int listener, const struct metrics_source *source, volatile int *stop,
              struct gsp_error *err)
{
    while (!*stop) {
        int fd;

        if (!ready(listener, POLLIN, UINT64_MAX, stop))
            continue;
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EBADF || errno == EINVAL))
            return gsp_fail(err, GSP_ORIGIN_LOCAL, -errno, "--listen: %s", strerror(errno));
        if (fd < 0)
            continue; /* that client went away, or there are too many files for a while */
        serve_client(fd, source, stop);
        close(fd);
    }
    return 0;
}
