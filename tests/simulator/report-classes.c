/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of classes: what each coordinator of interest made of each. */
#include "config.h"

#include <string.h>

#include "report.h"

/* The others are in the tables of single sets. */
static const char *const of_interest[] = {
  "none (static)", "Proxmox VE", "qmemman", "qmemman, scaled", "Hyper-V-like, 2 s", "ESX-like, 2 s",
  "MemCoord",      "oracle",     NULL
};

gboolean
sim_report_is_of_interest (const SimReport *report, const SimCoordinator *coordinator)
{
  if (report->only != NULL)
    return sim_report_wants (report, coordinator);
  return g_strv_contains (of_interest, coordinator->name);
}

typedef struct
{
  SimResult sum;
  guint reserve_fitting; /* seconds at the reserve in loads that fit */
  guint stalled_fitting;
} ClassSum;

static guint
add_loads (
    SimSet set, guint load_class, guint most, const SimCoordinator *coordinator, ClassSum *sum)
{
  g_autofree SimResult *result = g_new (SimResult, 1);
  guint fitting = 0;

  *sum = (ClassSum){ 0 };
  for (guint i = 0; i < MIN (most, sim_class_size (load_class)); i++)
    {
      g_autofree SimLoad *load = sim_load_of_class (set, load_class, i);

      sim_run (load, coordinator, result, NULL);
      sim_result_add (&sum->sum, result);
      fitting += load->fits;
      sum->reserve_fitting += load->fits ? result->below_reserve : 0;
      sum->stalled_fitting += load->fits ? result->stalled : 0;
    }
  return fitting;
}

/* Returns: stalled seconds by coordinator. */
static guint *
print_class (const SimReport *report, SimSet set, guint load_class)
{
  g_autofree ClassSum *sum = g_new (ClassSum, 1);
  guint loads = MIN (report->count, sim_class_size (load_class));
  GArray *stalled = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    {
      guint fitting;

      if (!sim_report_is_of_interest (report, &sim_coordinators[c]))
        continue;
      fitting = add_loads (set, load_class, report->count, &sim_coordinators[c], sum);
      printf ("| %s | %u (%u) | %s | %.0f | %u | %u | %u | %u | %u | %u | %u | %.1f | %.0f | %.0f "
              "| %.1f |\n",
              sim_class_names[load_class], loads, fitting, sim_coordinators[c].name,
              sum->sum.swap_in, sum->sum.stalled, sum->stalled_fitting, sum->sum.in_need,
              sum->sum.below_reserve, sum->reserve_fitting, sum->sum.kills, sum->sum.moves,
              sum->sum.reversals / sum->sum.vm_hours, sum->sum.slack / loads, sum->sum.refaults,
              sum->sum.asked / sum->sum.vm_hours / 60);
      fflush (stdout);
      g_array_append_val (stalled, sum->sum.stalled);
    }
  return (guint *)(gpointer)g_array_free (stalled, FALSE);
}

/* The one figure that matters most, side by side. */
static void
print_stalled (const SimReport *report, guint first, GPtrArray *rows)
{
  guint n = 0;

  printf ("\nStalled VM-seconds:\n\n| class |");
  for (guint c = 0; sim_coordinators[c].name != NULL; c++)
    if (sim_report_is_of_interest (report, &sim_coordinators[c]))
      {
        printf (" %s |", sim_coordinators[c].name);
        n++;
      }
  printf ("\n|---|");
  for (guint i = 0; i < n; i++)
    printf ("--:|");
  for (guint row = 0; row < rows->len; row++)
    {
      const guint *stalled = rows->pdata[row];

      printf ("\n| %s |", sim_class_names[first + row]);
      for (guint i = 0; i < n; i++)
        printf (" %u |", stalled[i]);
    }
  printf ("\n");
}

void
sim_report_classes (const SimReport *report, SimSet set, guint first, guint n)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);

  printf ("\n## Classes of the %s set\n\n", sim_set_name (set));
  printf (
      "| class | loads (that fit) | coordinator | swap-in MB | stalled VM-s | where it fits "
      "| in need VM-s | host <= reserve s | where it fits | killed | moves | reversals per VM-h "
      "| slack MB | refaults MB | asked per VM-min |\n");
  printf ("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  for (guint load_class = first; load_class < first + n; load_class++)
    g_ptr_array_add (rows, print_class (report, set, load_class));
  if (n > 1)
    print_stalled (report, first, rows);
}
