/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one decision costs: time for each VM, and, where the kernel lets us count them,
 * instructions.
 *
 *   bench-decide [N…]      numbers of VMs; 10, 100, 1,000 and 10,000 if none is given
 *   bench-decide --once N  decides once, for a tool that counts instructions
 *
 * Half of the VMs are short of memory or swap, and the host cannot give all that they ask for, so
 * that every branch is taken.
 */
#include "config.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crowd.h"

#define VM_CYCLES    2000000 /* in all, for each number of VMs */
#define CYCLES_LEAST 50
#define VMS_MOST     1000000

#define EXIT_USAGE 2

static int
open_counter (void)
{
  struct perf_event_attr attributes = {
    .type = PERF_TYPE_HARDWARE,
    .size = sizeof attributes,
    .config = PERF_COUNT_HW_INSTRUCTIONS,
    .disabled = 1,
    .exclude_kernel = 1,
    .exclude_hv = 1,
  };

  return (int)syscall (SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static void
count (int counter, unsigned long request)
{
  if (counter >= 0)
    ioctl (counter, request, 0);
}

static void
measure (guint n, int counter)
{
  g_autoptr (SimCrowd) crowd = sim_crowd_new (n);
  guint cycles = MAX (VM_CYCLES / n, CYCLES_LEAST);
  gint64 spent_us = 0, longest_us = 0;
  guint64 instructions = 0;

  for (guint i = 0; i < cycles; i++)
    {
      gint64 began_us, took_us;

      sim_crowd_report (crowd);
      count (counter, PERF_EVENT_IOC_ENABLE);
      began_us = g_get_monotonic_time ();
      sim_crowd_decide (crowd);
      took_us = g_get_monotonic_time () - began_us;
      count (counter, PERF_EVENT_IOC_DISABLE);
      spent_us += took_us;
      longest_us = MAX (longest_us, took_us);
    }
  printf ("| %u | %.1f | %.3f | %" G_GINT64_FORMAT " |", n, (double)spent_us / cycles,
          (double)spent_us / cycles / n, longest_us);
  if (counter >= 0 && read (counter, &instructions, sizeof instructions) == sizeof instructions)
    {
      printf (" %.0f |\n", (double)instructions / cycles / n);
      ioctl (counter, PERF_EVENT_IOC_RESET, 0);
    }
  else
    printf (" - |\n");
}

static gboolean
read_number (const char *text, guint *n)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 1, VMS_MOST, &value, NULL))
    {
      g_printerr ("bench-decide: '%s' is not a number of VMs, 1 to %d\n", text, VMS_MOST);
      return FALSE;
    }
  *n = (guint)value;
  return TRUE;
}

static int
decide_once (const char *text)
{
  g_autoptr (SimCrowd) crowd = NULL;
  guint n;

  if (!read_number (text, &n))
    return EXIT_USAGE;
  crowd = sim_crowd_new (n);
  sim_crowd_report (crowd);
  sim_crowd_decide (crowd);
  return EXIT_SUCCESS;
}

int
main (int argc, char *argv[])
{
  const guint usual[] = { 10, 100, 1000, 10000 };
  int counter = open_counter ();

  if (argc == 3 && strcmp (argv[1], "--once") == 0)
    return decide_once (argv[2]);
  printf ("| VMs | us a decision | us for each VM | longest us | instructions for each VM |\n"
          "|--:|--:|--:|--:|--:|\n");
  for (guint i = 0; argc < 2 && i < G_N_ELEMENTS (usual); i++)
    measure (usual[i], counter);
  for (int i = 1; i < argc; i++)
    {
      guint n;

      if (!read_number (argv[i], &n))
        return EXIT_USAGE;
      measure (n, counter);
    }
  return EXIT_SUCCESS;
}
