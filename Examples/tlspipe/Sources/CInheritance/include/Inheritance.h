#ifndef TLSPIPE_INHERITANCE_H
#define TLSPIPE_INHERITANCE_H

/// The inheritance of a process from its parent: open descriptors, recorded before the runtime opens its own, and the
/// dispositions of SIGCHLD and SIGPIPE, set as the program requires.

/// Whether a descriptor was open when the program started.
///
/// @param number A descriptor. Those from 1024 on are not recorded, and reported as not open.
/// @return 1 if it was, 0 if not.
int tlspipe_inherited_descriptor(int number);

#endif
