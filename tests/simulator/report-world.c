/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What coordinators make of the host that a world file describes: tables, or JSON. */
#include "config.h"

#include "report-world.h"
#include "world-file.h"

/* For people */

static void
print_head (const SimLoad *load, FILE *out)
{
  fprintf (out, "\n## %s: %u VMs, %.0f MiB host, %u s, %s\n\n", load->name, load->n, load->total,
           load->seconds, load->fits ? "fits" : "does not fit");
  fprintf (
      out,
      "| coordinator | swap-in MB | stalled VM-s | in need VM-s | killed | host least available MB "
      "| host <= reserve s | used %% in the end | moves | MB moved |\n");
  fprintf (out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
}

static void
print_row (const SimCoordinator *coordinator, const SimResult *result, FILE *out)
{
  fprintf (out, "| %s | %.0f | %u | %u | %u | %.0f | %u | %.0f | %u | %.0f |\n", coordinator->name,
           result->swap_in, result->stalled, result->in_need, result->kills, result->floor,
           result->below_reserve, result->used_percent, result->moves, result->moved);
}

static void
print_vms (const SimLoad *load,
           const SimCoordinator *coordinator,
           const SimResult *result,
           FILE *out)
{
  fprintf (
      out,
      "\n### %s\n\n| VM | maximum MB | swap-in MB | stalled s | in need s | balloon at least MB "
      "| in the end MB | moves | killed |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
      coordinator->name);
  for (guint i = 0; i < load->n; i++)
    {
      const SimVmResult *vm = &result->vms[i];

      fprintf (out, "| %s | %.0f | %.0f | %u | %u | %.0f | %.0f | %u | %u |\n", load->vms[i].name,
               load->vms[i].capacity, vm->swap_in, vm->stalled, vm->in_need, vm->least, vm->last,
               vm->moves, vm->killed);
    }
}

/* For programs */

static void
put_string (GString *json, const char *text)
{
  g_string_append_c (json, '"');
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (json, "\\%c", *text);
    else if ((guchar)*text < 0x20)
      g_string_append_printf (json, "\\u%04x", (guint)*text);
    else
      g_string_append_c (json, *text);
  g_string_append_c (json, '"');
}

static void
put_vm (GString *json, const char *name, const SimVmResult *vm)
{
  put_string (json, name);
  g_string_append_printf (json,
                          ": {\"swap_in_mb\": %.1f, \"stalled_s\": %u, \"need_s\": %u, "
                          "\"balloon_min_mb\": %.1f, \"balloon_end_mb\": %.1f, \"moves\": %u, "
                          "\"killed\": %u}",
                          vm->swap_in, vm->stalled, vm->in_need, vm->least, vm->last, vm->moves,
                          vm->killed);
}

static void
put_coordinator (GString *json,
                 const SimLoad *load,
                 const SimCoordinator *coordinator,
                 const SimResult *result)
{
  put_string (json, coordinator->name);
  g_string_append_printf (json,
                          ": {\"host\": {\"floor_mb\": %.1f, \"reserve_s\": %u, "
                          "\"used_percent_end\": %.1f}, \"moves\": %u, \"moved_mb\": %.1f, "
                          "\"vms\": {",
                          result->floor, result->below_reserve, result->used_percent, result->moves,
                          result->moved);
  for (guint i = 0; i < load->n; i++)
    {
      if (i > 0)
        g_string_append (json, ", ");
      put_vm (json, load->vms[i].name, &result->vms[i]);
    }
  g_string_append (json, "}}");
}

gboolean
sim_report_world (
    const SimReport *report, const char *path, gboolean json, FILE *out, GError **error)
{
  g_autofree SimLoad *load = sim_world_file_load (path, error);
  g_autoptr (GString) text = g_string_new ("{\"coordinator\": {");
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (g_free);

  if (load == NULL)
    return FALSE;
  if (!json)
    print_head (load, out);
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    {
      const SimCoordinator *coordinator = &sim_coordinators[c];
      SimResult *result;

      if (!sim_report_is_of_interest (report, coordinator))
        continue;
      result = g_new (SimResult, 1);
      sim_run (load, coordinator, result, NULL);
      if (results->len > 0)
        g_string_append (text, ", ");
      put_coordinator (text, load, coordinator, result);
      if (!json)
        print_row (coordinator, result, out);
      g_ptr_array_add (results, result);
    }
  if (json)
    fprintf (out, "%s}}\n", text->str);
  else
    for (guint c = 0, shown = 0; sim_coordinators[c].name != NULL; c++)
      if (sim_report_is_of_interest (report, &sim_coordinators[c]))
        print_vms (load, &sim_coordinators[c], results->pdata[shown++], out);
  return TRUE;
}
