/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a stranger's text (a VM's name, a message of libvirt, a reason) must be before it is shown,
 * logged or pasted: nothing in it that steers a terminal, ends a line, or turns the direction of
 * the text around it. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean mc_plain_text_allows (gunichar character);

/* Whether @text is UTF-8 of such characters alone. */
gboolean mc_plain_text_is (const char *text);

/* Returns: (transfer full): @text (nullable) in UTF-8, with "?" for each character that is none of
 * them. */
char *mc_plain_text (const char *text);

/* Returns: (transfer full): @text as one word of a shell's command line, quoted where it has to be.
 * What cannot be pasted, or would be taken for an option, is @instead. */
char *mc_plain_text_as_word (const char *text, const char *instead);

G_END_DECLS
