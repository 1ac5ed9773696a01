/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>

const McCommand mc_commands[] = {
  { "status", "", N_ ("Show the host and its VMs"), mc_cmd_status },
  { "list", "", N_ ("List the VMs"), mc_cmd_list },
  { "show", N_ ("VM"), N_ ("Show everything about a VM"), mc_cmd_show },
  { "top", "", N_ ("Watch the VMs' memory, live"), mc_cmd_top },
  { "why", N_ ("VM"), N_ ("Tell why a VM has what it has: its last decisions"), mc_cmd_why },
  { "plan", "", N_ ("Tell what the next cycle would do, and why"), mc_cmd_plan },
  { "set", N_ ("[VM] NAME=VALUE…"), N_ ("Set thresholds of the host or of a VM"), mc_cmd_set },
  { "reset", N_ ("[VM] [NAME…]"), N_ ("Put thresholds back to what is configured"), mc_cmd_reset },
  { "pause", N_ ("[VM] [REASON]"), N_ ("Move no memory for now"), mc_cmd_pause },
  { "resume", N_ ("[VM]"), N_ ("End a pause"), mc_cmd_resume },
  { "dry-run", "on|off", N_ ("Decide and tell, but move nothing"), mc_cmd_dry_run },
  { "reload", "", N_ ("Read the configuration again"), mc_cmd_reload },
  { "inhibit", N_ ("COMMAND…"), N_ ("Move no memory while a command runs"), mc_cmd_inhibit },
  { "inhibitors", "", N_ ("List who holds memory still"), mc_cmd_inhibitors },
  { "reserve", N_ ("SIZE [COMMAND…]"),
    N_ ("Free memory and hold it for a VM that is about to start"), mc_cmd_reserve },
  { "monitor", "", N_ ("Follow what happens, a line for each event"), mc_cmd_monitor },
  { "world", N_ ("[FILE]"), N_ ("Write this host as a world file, for the simulator"),
    mc_cmd_world },
  { NULL },
};

/* What the shells' completions call; not for people, and so not in the help. */
static const McCommand complete_command
    = { "__complete", "vms|thresholds|vm-thresholds|commands", "", mc_cmd_complete };

const McCommand *
mc_command_find (const char *name)
{
  const McCommand *command;

  for (command = mc_commands; command->name != NULL; command++)
    {
      if (g_strcmp0 (command->name, name) == 0)
        return command;
    }
  return g_strcmp0 (complete_command.name, name) == 0 ? &complete_command : NULL;
}
