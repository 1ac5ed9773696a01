/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows and columns of text, as wide as what is in them. Main thread. */
#pragma once

#include "text.h"

G_BEGIN_DECLS

typedef struct _McTable McTable;

/* @titles: NULL-terminated, already translated. @layout: a letter for each: 'l' for text, 'n' for
 * names, which may be as long as somebody likes, 'r' for figures. */
McTable *mc_table_new (const char *const *titles, const char *layout);

/* The same without a line of titles; two columns: a label, and a text. */
McTable *mc_table_new_labels (void);

/* Adds a cell, the next one in its row; rows fill by themselves. @text is cleaned. */
void mc_table_add (McTable *self, const char *text, McStyle style);

/* Adds @bytes, or "-" for 0. */
void mc_table_add_size (McTable *self, guint64 bytes);

/* For mc_table_new_labels(): adds a row. */
void mc_table_add_label (McTable *self, const char *label, const char *text, McStyle style);

/*
 * Returns: (transfer full): the lines, none wider than @columns: names and the last column are
 * broken, and what does not fit beside the other columns is below them, indented. Nothing is cut. 0
 * = a line for each row.
 */
char *mc_table_format (McTable *self, gboolean colored, guint columns);

/* Prints it on stdout, fit to the terminal if there is one, in colours if @client wants them. */
void mc_table_print (McTable *self, const McClient *client);

void mc_table_free (McTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McTable, mc_table_free)

G_END_DECLS
