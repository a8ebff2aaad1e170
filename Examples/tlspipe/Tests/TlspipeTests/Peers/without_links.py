"""Runs a program as on a file system without hard links: link(2) fails in it with EPERM.

Usage: without_links.py PROGRAM [ARGUMENT ...]
"""

import ctypes
import errno
import os
import platform
import struct
import sys

# The architecture by its number for seccomp(2), and its calls that create links.
ARCHITECTURES = {"x86_64": (0xC000003E, [86, 265]), "aarch64": (0xC00000B7, [37])}

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EPERM


def instruction(code, value, if_equal=0, if_not=0):
    return struct.pack("HBBI", code, if_equal, if_not, value)


architecture, calls = ARCHITECTURES[platform.machine()]
program = [instruction(LOAD, 4), instruction(JUMP_IF_EQUAL, architecture, 0, len(calls) + 1), instruction(LOAD, 0)]
for index, call in enumerate(calls):
    program.append(instruction(JUMP_IF_EQUAL, call, len(calls) - index))
program += [instruction(RETURN, ALLOW), instruction(RETURN, FAIL)]
code = b"".join(program)
memory = ctypes.create_string_buffer(code, len(code))


class Filter(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("address", ctypes.c_void_p)]


libc = ctypes.CDLL(None, use_errno=True)
description = Filter(len(program), ctypes.addressof(memory))
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
    PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(description), 0, 0
):
    sys.exit("cannot forbid links: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
