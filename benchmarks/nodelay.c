/* For LD_PRELOAD: sets TCP_NODELAY on each accepted connection.  Without it a reply of several writes waits some 44 ms for
   the client's delayed acknowledgement, and a benchmark would measure that instead of the server. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int accept(int listening, struct sockaddr *address, socklen_t *length)
{
    static int (*next)(int, struct sockaddr *, socklen_t *);
    int one = 1, connection;

    if (!next)
        next = (int (*)(int, struct sockaddr *, socklen_t *)) dlsym(RTLD_NEXT, "accept");
    connection = next(listening, address, length);
    if (connection >= 0)
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connection;
}
