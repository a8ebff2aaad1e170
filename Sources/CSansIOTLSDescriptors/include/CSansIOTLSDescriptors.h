/* Headers of Linux that Swift's own module of the C library leaves out. */
#ifndef CSANSIOTLS_DESCRIPTORS_H
#define CSANSIOTLS_DESCRIPTORS_H

#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif

#endif
