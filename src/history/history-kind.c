/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of the past of the host, and of a VM. */
#include "config.h"

#include "history-kind.h"

static const McHistoryColumn columns_of_vm[] = {
  [MC_HISTORY_VM_BALLOON] = { "Balloon" },
  [MC_HISTORY_VM_TARGET] = { "Target" },
  [MC_HISTORY_VM_USED] = { "Used" },
  [MC_HISTORY_VM_UNUSED] = { "Unused" },
  [MC_HISTORY_VM_USABLE] = { "Usable" },
  [MC_HISTORY_VM_AVAILABLE] = { "Available" },
  [MC_HISTORY_VM_RESIDENT] = { "Resident" },
  [MC_HISTORY_VM_SWAP_IN_RATE] = { "SwapInRate" },
  [MC_HISTORY_VM_SWAP_OUT_RATE] = { "SwapOutRate" },
  [MC_HISTORY_VM_MAXIMUM] = { "Maximum" },
};

/* A moment in which the host was critical is not to vanish in a mean. */
static const McHistoryColumn columns_of_host[] = {
  [MC_HISTORY_HOST_TOTAL] = { "Total" },
  [MC_HISTORY_HOST_AVAILABLE] = { "Available" },
  [MC_HISTORY_HOST_PROMISED] = { "Promised" },
  [MC_HISTORY_HOST_CONDITION] = { "Condition", .worst = TRUE },
  [MC_HISTORY_HOST_RECLAIMED] = { "Reclaimed" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (columns_of_vm) == MC_HISTORY_VM_N_COLUMNS);
G_STATIC_ASSERT (G_N_ELEMENTS (columns_of_host) == MC_HISTORY_HOST_N_COLUMNS);
G_STATIC_ASSERT (G_N_ELEMENTS (columns_of_host) <= MC_HISTORY_MOST_COLUMNS);

const McHistoryKind mc_history_of_vm = { columns_of_vm, G_N_ELEMENTS (columns_of_vm) };
const McHistoryKind mc_history_of_host = { columns_of_host, G_N_ELEMENTS (columns_of_host) };

GVariant *
mc_history_kind_list_columns (const McHistoryKind *self)
{
  GVariantBuilder columns;

  g_variant_builder_init (&columns, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_add (&columns, "s", "Time");
  for (guint i = 0; i < self->n_columns; i++)
    g_variant_builder_add (&columns, "s", self->columns[i].name);
  return g_variant_builder_end (&columns);
}
