/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The past of the host or of a VM as a plot in the terminal. Main thread. */
#pragma once

#include "past.h"

G_BEGIN_DECLS

/* @since, @until: µs since the epoch; it begins later where nothing can be kept of then. */
void mc_past_plot_print (const McPast *past, gboolean of_host, guint64 since, guint64 until);

G_END_DECLS
