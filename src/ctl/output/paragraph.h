/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is broken at its words to fit the terminal. Main thread. */
#pragma once

#include "text.h"

G_BEGIN_DECLS

/*
 * Returns: (transfer full) (element-type utf8): @text in lines of at most @first columns, then of
 * at most @rest. It is broken at blanks and between wide characters, and within a word that is
 * longer than a line.
 */
GPtrArray *mc_paragraph_wrap (const char *text, guint first, guint rest);

/* Prints a paragraph on stdout, broken to fit the terminal if there is one, and a newline.
 * All lines but the first have a small indent. */
void mc_paragraph_print (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The same of @text, whose @length bytes from @start on are in @style if they are on one line. */
void mc_paragraph_print_marked (
    const McClient *client, const char *text, gsize start, gsize length, McStyle style);

G_END_DECLS
