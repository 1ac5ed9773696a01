/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "top" shows: a model as lines of text, with a bar for each VM. Main thread. */
#pragma once

#include "model.h"

G_BEGIN_DECLS

typedef enum
{
  MC_ORDER_NAME,
  MC_ORDER_BALLOON,
  MC_ORDER_USED,
  MC_ORDER_UNUSED,
} McOrder;

#define MC_N_ORDERS (MC_ORDER_UNUSED + 1)

/* How it is looked at. */
typedef struct
{
  McOrder order;
  gboolean reversed;
  guint first;   /* the VM at the top */
  guint columns; /* as wide as this */
  guint rows;    /* as high as this; 0 = as there is to show */
  gboolean colored;
  const char *notice; /* (nullable): a line that says what is the matter, or which keys there are */
} McView;

/* Returns: (transfer full): the lines, without a newline at the end. Puts view->first where there
 * is a VM. */
char *mc_screen_format (McModel *model, McView *view);

/* Sorts the model's VMs: the most first for figures, alphabetically for names. */
void mc_screen_sort (McModel *model, const McView *view);

G_END_DECLS
