/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>

const McCommand mc_commands[] = {
  { "status", "", N_ ("Show the host and its VMs"), mc_cmd_status, MC_REACH_SEVERAL },
  { "list", "", N_ ("List the VMs"), mc_cmd_list },
  { "show", N_ ("VM"), N_ ("Show everything about a VM"), mc_cmd_show },
  { "top", "", N_ ("Watch the VMs' memory, live"), mc_cmd_top },
  { "why", N_ ("VM"), N_ ("Explain why a VM has its memory: the last decisions"), mc_cmd_why },
  { "history", N_ ("[VM]"), N_ ("Show what the host or a VM had, over restarts"), mc_cmd_history },
  { "plan", "", N_ ("Show what the next cycle would do, and why"), mc_cmd_plan },
  { "check", "", N_ ("Check the health, for a monitoring system"), mc_cmd_check },
  { "metrics", "", N_ ("Print metrics, for Prometheus and others"), mc_cmd_metrics },
  { "set", N_ ("[VM] NAME=VALUE…"), N_ ("Set thresholds of the host or of a VM"), mc_cmd_set },
  { "reset", N_ ("[VM] [NAME…]"), N_ ("Reset thresholds to the configuration"), mc_cmd_reset },
  { "give-back", N_ ("[VM…]"), N_ ("Give VMs back what was taken from them"), mc_cmd_give_back },
  { "pause", N_ ("[VM] [REASON]"), N_ ("Pause balancing"), mc_cmd_pause },
  { "resume", N_ ("[VM]"), N_ ("Resume balancing"), mc_cmd_resume },
  { "dry-run", "on|off", N_ ("Decide and report, but move nothing"), mc_cmd_dry_run },
  { "reload", "", N_ ("Reload the configuration"), mc_cmd_reload },
  { "inhibit", N_ ("COMMAND…"), N_ ("Pause balancing while a command runs"), mc_cmd_inhibit,
    MC_REACH_THIS },
  { "inhibitors", "", N_ ("List who inhibits balancing"), mc_cmd_inhibitors },
  { "reserve", N_ ("SIZE [COMMAND…]"),
    N_ ("Free memory and hold it for a VM that is about to start"), mc_cmd_reserve },
  { "monitor", "", N_ ("Show events as they happen, one a line"), mc_cmd_monitor },
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
