#ifndef TLSPIPE_INHERITANCE_H
#define TLSPIPE_INHERITANCE_H

/// What a process inherits from its parent: descriptors, recorded before any runtime takes numbers for itself, and the
/// dispositions of SIGCHLD and SIGPIPE, set to what the program needs.

/// Whether a descriptor was open when the program started.
///
/// @param number Any number. From 1024 on none is recorded, and the answer is no.
/// @return 1 if it was, 0 if not.
int tlspipe_inherited_descriptor(int number);

#endif
