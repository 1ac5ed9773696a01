/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for a terminal or a pipe: colours, widths, and nothing in it that could steer the terminal.
 * Main thread. */
#pragma once

#include "client.h"
#include "plain-text.h"

G_BEGIN_DECLS

typedef enum
{
  MC_STYLE_PLAIN,
  MC_STYLE_STRONG,
  MC_STYLE_FAINT,
  MC_STYLE_GOOD,
  MC_STYLE_WARN,
  MC_STYLE_BAD,
} McStyle;

/* Whether to write colours to stdout: as asked for, or to a terminal unless NO_COLOR is set. */
gboolean mc_text_colored (const McClient *client);

/* The sequences that begin and end @style; empty where there are no colours. */
const char *mc_text_begin (gboolean colored, McStyle style);
const char *mc_text_end (gboolean colored, McStyle style);

/* How to show a state of the service, a condition of the host, or a status of a VM. */
McStyle mc_text_style_of_state (const char *state);

/* Columns of the terminal on stdout, or COLUMNS, if that is set; 0 where it is no terminal: a
 * program that reads it gets whole lines. */
guint mc_text_columns (void);

/* Whether stdout takes characters beyond ASCII. */
gboolean mc_text_is_utf8 (void);

/* Columns that @text, or one character of it, takes up. */
guint mc_text_width (const char *text);
guint mc_text_width_of (gunichar c);

/* Returns: (transfer full): @text, cut to @columns, with a mark where it was cut. */
char *mc_text_ellipsize (const char *text, guint columns);

/* Returns: (transfer full): the same, but cut in the middle: names often differ at their ends. */
char *mc_text_shorten (const char *text, guint columns);

/* Returns: (transfer full): "1 GiB → 1.5 GiB". */
char *mc_text_move (guint64 from, guint64 to);

G_END_DECLS
