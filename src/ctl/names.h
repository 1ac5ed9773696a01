/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of the bus that memcoordctl uses, and its exit codes. */
#pragma once

#define MC_CTL_BUS_NAME       "org.example.MemCoord"
#define MC_CTL_ROOT_PATH      "/org/example/MemCoord"
#define MC_CTL_ROOT_INTERFACE "org.example.MemCoord1"
#define MC_CTL_VM_INTERFACE   "org.example.MemCoord1.VM"
#define MC_CTL_ERROR_PREFIX   "org.example.MemCoord1.Error."

/* What memcoordctl exits with; memcoordctl(1) tells people the same. */
typedef enum
{
  MC_EXIT_OK = 0,
  MC_EXIT_FAILED = 1,      /* the service refused, or something went wrong here */
  MC_EXIT_USAGE = 2,       /* the command line was not understood */
  MC_EXIT_UNREACHABLE = 3, /* no bus, no service on it, or no answer */
  MC_EXIT_NO_VM = 4,       /* no such VM, or more than one */
  MC_EXIT_DENIED = 5,      /* not authorised */
} McExit;
