/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command of memcoordctl, and how its part of the command line is read. Main thread. */
#pragma once

#include "client.h"

G_BEGIN_DECLS

/* Which hosts a command can ask. */
typedef enum
{
  MC_REACH_ONE,     /* this one, or another one */
  MC_REACH_THIS,    /* this one alone */
  MC_REACH_SEVERAL, /* this one, or others */
} McReach;

struct _McCommand
{
  const char *name;
  const char *arguments; /* for the help, translatable: "[VM] NAME=VALUE…" */
  const char *summary;   /* one sentence, translatable */
  /* argv[0] is the command's name. Returns: what to exit with. */
  int (*run) (McClient *client, int argc, char **argv);
  McReach reach;
};

/* The options that every command takes. @text: where the value of --color goes. Ends with a NULL
 * entry, in @entries[4]. */
#define MC_N_COMMON_ENTRIES 5
void mc_command_common_entries (McClient *client, char **color, GOptionEntry *entries);
gboolean mc_command_set_color (McClient *client, const char *color, GError **error);

/* How many arguments a command takes. */
typedef struct
{
  int least;
  int most;       /* -1 = any number */
  gboolean child; /* what follows the first argument is a command with options of its own */
} McArity;

/*
 * Reads the options of the client's command and checks the number of its arguments, which are left
 * in argv[1] and on.
 * @entries: (nullable): NULL-terminated. Returns: FALSE where it is invalid, which was printed;
 * exit with MC_EXIT_USAGE then. Ends the program after printing the help that --help asks for.
 */
gboolean mc_command_parse (McClient *client,
                           const GOptionEntry *entries,
                           McArity arity,
                           int *argc,
                           char ***argv) G_GNUC_WARN_UNUSED_RESULT;

/* Prints what is wrong with the command line of @command. Returns: MC_EXIT_USAGE. */
int mc_command_misused (const char *command, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Reads an option such as --for, @text: (nullable): NULL = 0. FALSE where it is invalid, which was
 * printed. */
gboolean mc_command_read_seconds (const char *command,
                                  const char *text,
                                  guint *seconds) G_GNUC_WARN_UNUSED_RESULT;

int mc_cmd_check (McClient *client, int argc, char **argv);
int mc_cmd_status (McClient *client, int argc, char **argv);
int mc_cmd_list (McClient *client, int argc, char **argv);
int mc_cmd_show (McClient *client, int argc, char **argv);
int mc_cmd_top (McClient *client, int argc, char **argv);
int mc_cmd_why (McClient *client, int argc, char **argv);
int mc_cmd_history (McClient *client, int argc, char **argv);
int mc_cmd_plan (McClient *client, int argc, char **argv);
int mc_cmd_metrics (McClient *client, int argc, char **argv);
int mc_cmd_set (McClient *client, int argc, char **argv);
int mc_cmd_reset (McClient *client, int argc, char **argv);
int mc_cmd_give_back (McClient *client, int argc, char **argv);
int mc_cmd_pause (McClient *client, int argc, char **argv);
int mc_cmd_resume (McClient *client, int argc, char **argv);
int mc_cmd_dry_run (McClient *client, int argc, char **argv);
int mc_cmd_reload (McClient *client, int argc, char **argv);
int mc_cmd_inhibit (McClient *client, int argc, char **argv);
int mc_cmd_inhibitors (McClient *client, int argc, char **argv);
int mc_cmd_reserve (McClient *client, int argc, char **argv);
int mc_cmd_monitor (McClient *client, int argc, char **argv);
int mc_cmd_world (McClient *client, int argc, char **argv);
int mc_cmd_complete (McClient *client, int argc, char **argv);

G_END_DECLS
