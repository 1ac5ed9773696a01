/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of memcoordctl: its options, its connection to the bus, and how a failure becomes a
 * message and an exit code. Main thread; calls wait for their answer.
 */
#pragma once

#include <gio/gio.h>

#include "names.h"

G_BEGIN_DECLS

/* Exit codes; memcoordctl(1) documents them. */
typedef enum
{
  MC_EXIT_OK = 0,
  MC_EXIT_FAILED = 1,      /* the service refused, or something went wrong here */
  MC_EXIT_USAGE = 2,       /* the command line was not understood */
  MC_EXIT_UNREACHABLE = 3, /* no bus, no service on it, or no answer */
  MC_EXIT_NO_VM = 4,       /* no such VM, or more than one */
  MC_EXIT_DENIED = 5,      /* not authorised */
} McExit;

typedef enum
{
  MC_COLOR_AUTO,
  MC_COLOR_ALWAYS,
  MC_COLOR_NEVER,
} McColor;

typedef struct _McCommand McCommand;

/* Zero-initialise. */
typedef struct
{
  const McCommand *commands; /* all that there are; ends with one whose name is NULL */
  const McCommand *command;  /* that is run */
  char **hosts;              /* (nullable): those that were named, whose buses are reached by ssh */
  const char *host;          /* (nullable): the one of them that is asked now */
  gboolean session;
  gboolean json;
  McColor color;
  int patience_ms;      /* for an answer to a read; 0 = the usual */
  GDBusConnection *bus; /* (nullable): until mc_client_connect() */
  GSubprocess *agent;   /* (nullable): asks for a password where polkit wants one */
} McClient;

/* Failures that arise here and not on the bus; the code is a McExit. */
#define MC_CLIENT_ERROR (mc_client_error_quark ())
GQuark mc_client_error_quark (void);

gboolean mc_client_connect (McClient *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the connection: the next call makes one, to the host that is asked then. */
void mc_client_disconnect (McClient *self);
void mc_client_clear (McClient *self);

/*
 * Reads: never starts a service that is stopped, and gives up after some seconds.
 * Returns: (transfer full): the answer; @parameters may be floating or NULL.
 */
GVariant *mc_client_read (McClient *self,
                          const char *path,
                          const char *interface,
                          const char *method,
                          GVariant *parameters,
                          const char *reply_type,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Changes: polkit may ask the user at the terminal first, so the answer may be late.
 * @fds: (out) (optional) (nullable): the descriptors that came with the answer.
 */
GVariant *mc_client_change (McClient *self,
                            const char *path,
                            const char *interface,
                            const char *method,
                            GVariant *parameters,
                            const char *reply_type,
                            GUnixFDList **fds,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends @loop: for signals and timers of commands that run until somebody ends them. */
gboolean mc_client_on_end (gpointer loop);

/* Whether @error is that there was no answer in time. */
gboolean mc_client_is_late (const GError *error);

/* What to exit with for @error. */
McExit mc_client_exit_code (const GError *error);

/* Prints @error on stderr, with a hint where there is one. Returns: what to exit with. */
int mc_client_fail (McClient *self, const GError *error);

G_END_DECLS
