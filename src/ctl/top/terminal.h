/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal as a screen that is redrawn and sends single keys. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _McTerminal McTerminal;

/* Keys that are no characters. */
enum
{
  MC_KEY_NONE = 0,
  MC_KEY_UP = 0x110000,
  MC_KEY_DOWN,
  MC_KEY_PAGE_UP,
  MC_KEY_PAGE_DOWN,
};

/* Returns: (nullable): NULL where stdout is no terminal. Keys come where stdin is one as well. */
McTerminal *mc_terminal_open (void);

/* Puts the terminal back as it was. */
void mc_terminal_close (McTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McTerminal, mc_terminal_close)

void mc_terminal_get_size (McTerminal *self, guint *columns, guint *rows);

/* Draws @lines, which fit, from the top, and clears the lines below. */
void mc_terminal_draw (McTerminal *self, const char *lines);

/* Returns: the next key that was pressed: a character or MC_KEY_…; MC_KEY_NONE where there is none
 * (now). */
guint mc_terminal_read_key (McTerminal *self);

/* Whether there is a stdin to read keys from. */
gboolean mc_terminal_has_keys (McTerminal *self);

G_END_DECLS
