/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One of the two rings of rows in a file of the past, and its rows while they are in memory.
 * series.h says what is where. Any thread; what has a descriptor waits for the disk.
 */
#pragma once

#include <sys/types.h>

#include "history-kind.h"

G_BEGIN_DECLS

/* A row as it is in the file, where it has as many figures as there are columns. */
typedef struct
{
  guint32 step; /* since the epoch */
  guint32 check;
  float figures[MC_HISTORY_MOST_COLUMNS];
} McRingRow;

typedef struct
{
  const McHistoryKind *kind;
  guint n_rows;
  guint step_s;
  off_t at;      /* in the file */
  guint8 *bytes; /* (nullable): its rows */
} McRing;

/* Without rows. @begin: where the first one is in the file */
void mc_ring_init_fine (McRing *self, const McHistoryKind *kind, off_t begin);
void mc_ring_init_coarse (McRing *self, const McHistoryKind *kind, off_t begin);
void mc_ring_clear (McRing *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (McRing, mc_ring_clear)

/* Returns: where in the file it ends */
off_t mc_ring_end (const McRing *self);

/* Brings its rows to memory. */
gboolean mc_ring_read (McRing *self, int fd, const char *path, GError **error);

/* The same of those of the steps from @first to @last; the others are as if they were empty. Where
 * the ring begins anew in between, all of it is read. */
gboolean mc_ring_read_steps (
    McRing *self, guint32 first, guint32 last, int fd, const char *path, GError **error);

/* The rows in memory. FALSE where there is none of that step, or it is not whole. */
gboolean mc_ring_get (const McRing *self, guint32 step, McRingRow *row);

/* @row: without its check */
void mc_ring_set (McRing *self, McRingRow *row);

/* Returns: how many of the rows in memory are neither whole nor empty */
guint mc_ring_count_damaged (const McRing *self);

/* Writes the rows from place @first to place @last from memory. */
gboolean mc_ring_write (
    const McRing *self, guint first, guint last, int fd, const char *path, GError **error);

/* Writes one row, without its check, to the file alone. */
gboolean
mc_ring_write_row (const McRing *self, McRingRow *row, int fd, const char *path, GError **error);

G_END_DECLS
