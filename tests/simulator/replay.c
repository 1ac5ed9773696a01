/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recorded run, decided again: every cycle is decided on what was recorded, the targets that were
 * set included, whatever was decided here a cycle earlier.
 */
#include "config.h"

#include "replay.h"

#include <math.h>
#include <string.h>

#include "policy-settings.h"

#define ATTENTIVE_S 1.0

/* What the daemon keeps for a guest of which nobody said otherwise. */
#define WEIGHT_DEFAULT 100

typedef enum
{
  COLUMN_T,
  COLUMN_GUEST,
  COLUMN_BALLOON,
  COLUMN_UNUSED,
  COLUMN_HOST_AVAILABLE,
  N_NEEDED,
  COLUMN_USABLE = N_NEEDED,
  COLUMN_AVAILABLE,
  COLUMN_RESIDENT,
  COLUMN_SWAP_IN,
  COLUMN_SWAP_OUT,
  COLUMN_TARGET,
  COLUMN_LAST_UPDATE,
  COLUMN_MAXIMUM,
  COLUMN_MINIMUM,
  COLUMN_WEIGHT,
  COLUMN_HOST_TOTAL,
  N_COLUMNS,
} Column;

static const char *const column_names[N_COLUMNS] = {
  "t",         "guest",    "balloon", "unused",     "host_available", "usable",
  "available", "resident", "swap_in", "swap_out",   "target",         "last_update",
  "maximum",   "minimum",  "weight",  "host_total",
};

typedef struct
{
  char *name;
  guint64 most; /* the largest balloon of the record: its maximum, where that is not recorded */
  gint64 started_us;
  McVmHistory history;
  guint64 done;    /* the target of the sample before */
  guint64 decided; /* the last decided target that was printed */
} Guest;

typedef struct
{
  double t;
  Guest *guest;
  guint64 figures[N_COLUMNS];
} Row;

typedef struct
{
  GPtrArray *guests;
  GArray *rows;
  int places[N_COLUMNS]; /* of each column in a line; -1 = not there */
  guint samples;
  guint done, decided;
  guint64 bytes_done, bytes_decided;
} Record;

static void
guest_free (gpointer data)
{
  Guest *guest = data;

  g_free (guest->name);
  g_free (guest);
}

static void
record_free (Record *record)
{
  g_ptr_array_unref (record->guests);
  g_array_unref (record->rows);
  g_free (record);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Record, record_free)

static Record *
record_new (void)
{
  Record *record = g_new0 (Record, 1);

  record->guests = g_ptr_array_new_with_free_func (guest_free);
  record->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  return record;
}

/* Reading */

G_GNUC_PRINTF (3, 4)
static gboolean
refuse (guint line, GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "line %u: %s", line, message);
  return FALSE;
}

static gboolean
read_head (Record *record, const char *line, GError **error)
{
  g_auto (GStrv) names = g_strsplit (line, ",", -1);

  for (guint column = 0; column < N_COLUMNS; column++)
    {
      record->places[column] = -1;
      for (int i = 0; names[i] != NULL; i++)
        if (strcmp (names[i], column_names[column]) == 0)
          record->places[column] = i;
      if (record->places[column] < 0 && column < N_NEEDED)
        return refuse (1, error, "there is no column \"%s\"", column_names[column]);
    }
  return TRUE;
}

static Guest *
guest_of (Record *record, const char *name, double t)
{
  Guest *guest;

  for (guint i = 0; i < record->guests->len; i++)
    {
      guest = record->guests->pdata[i];
      if (strcmp (guest->name, name) == 0)
        return guest;
    }
  guest = g_new0 (Guest, 1);
  guest->name = g_strdup (name);
  guest->done = guest->decided = MC_UNKNOWN;
  /* One that comes later has started since; the others ran before. */
  if (record->rows->len > 0 && g_array_index (record->rows, Row, 0).t < t)
    guest->started_us = (gint64)(t * G_USEC_PER_SEC);
  g_ptr_array_add (record->guests, guest);
  return guest;
}

static gboolean
read_figure (
    const Record *record, guint line, char **fields, Column column, guint64 *figure, GError **error)
{
  int place = record->places[column];
  const char *text = place >= 0 ? fields[place] : "";

  *figure = MC_UNKNOWN;
  if (*text == '\0' || g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, figure, NULL))
    return TRUE;
  return refuse (line, error, "%s is '%s', not a whole number", column_names[column], text);
}

static gboolean
read_row (Record *record, guint line, const char *text, guint n_fields, GError **error)
{
  g_auto (GStrv) fields = g_strsplit (text, ",", -1);
  Row row = { 0 };
  char *end;

  if (g_strv_length (fields) != n_fields)
    return refuse (line, error, "it has %u fields, and there are %u columns",
                   g_strv_length (fields), n_fields);
  row.t = g_ascii_strtod (fields[record->places[COLUMN_T]], &end);
  if (end == fields[record->places[COLUMN_T]] || *end != '\0' || !(row.t >= 0 && row.t < 1e9))
    return refuse (line, error, "t is '%s', not a time in seconds",
                   fields[record->places[COLUMN_T]]);
  if (record->rows->len > 0 && row.t < g_array_index (record->rows, Row, record->rows->len - 1).t)
    return refuse (line, error, "its time is before that of the line before");
  for (guint column = COLUMN_BALLOON; column < N_COLUMNS; column++)
    if (!read_figure (record, line, fields, column, &row.figures[column], error))
      return FALSE;
  row.guest = guest_of (record, fields[record->places[COLUMN_GUEST]], row.t);
  for (guint i = record->rows->len; i > 0; i--)
    {
      const Row *before = &g_array_index (record->rows, Row, i - 1);

      if (before->t < row.t)
        break;
      if (before->guest == row.guest)
        return refuse (line, error, "'%s' is there twice at the same time", row.guest->name);
    }
  if (row.figures[COLUMN_BALLOON] != MC_UNKNOWN)
    row.guest->most = MAX (row.guest->most, row.figures[COLUMN_BALLOON]);
  g_array_append_val (record->rows, row);
  return TRUE;
}

static gboolean
read_file (Record *record, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n_fields = 1;

  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_strchomp (lines[i]);
      if (i == 0 && !read_head (record, lines[0], error))
        return FALSE;
      for (const char *p = lines[i]; i == 0 && *p != '\0'; p++)
        n_fields += *p == ',';
      if (i > 0 && *lines[i] != '\0' && !read_row (record, i + 1, lines[i], n_fields, error))
        return FALSE;
    }
  if (record->rows->len == 0)
    return refuse (1, error, "there is nothing after the names of the columns");
  return TRUE;
}

/* Deciding */

static guint64
known (guint64 figure, guint64 otherwise)
{
  return figure != MC_UNKNOWN ? figure : otherwise;
}

static McVmFacts
facts_of (const Record *record, const McPolicySettings *settings, const Row *row)
{
  const guint64 *figures = row->figures;
  guint64 capacity = known (figures[COLUMN_MAXIMUM], row->guest->most);
  /* Without the time of the report, every sample is one. */
  guint64 reported = known (figures[COLUMN_LAST_UPDATE], record->samples);
  McVmFacts facts = {
    .running = TRUE,
    .has_balloon = TRUE,
    .started_us = row->guest->started_us,
    .capacity = capacity,
    .balloon = figures[COLUMN_BALLOON],
    .target = figures[COLUMN_TARGET],
    .resident = figures[COLUMN_RESIDENT],
    .unused = figures[COLUMN_UNUSED],
    .usable = figures[COLUMN_USABLE],
    .available = figures[COLUMN_AVAILABLE],
    .swap_in = figures[COLUMN_SWAP_IN],
    .swap_out = figures[COLUMN_SWAP_OUT],
    .stats_time_s = figures[COLUMN_UNUSED] != MC_UNKNOWN ? (gint64)reported : 0,
    .policy = {
      .minimum = known (figures[COLUMN_MINIMUM], mc_policy_default_minimum (capacity)),
      .maximum = capacity,
      .low_watermark = settings->thresholds.low_watermark,
      .high_watermark = settings->thresholds.high_watermark,
      .weight = (guint)MIN (known (figures[COLUMN_WEIGHT], WEIGHT_DEFAULT), G_MAXUINT),
    },
  };

  g_strlcpy ((char *)facts.uuid, row->guest->name, sizeof facts.uuid);
  return facts;
}

static char *
describe_done (Record *record, const Row *row)
{
  guint64 now = row->figures[COLUMN_TARGET], before = row->guest->done;

  if (now == MC_UNKNOWN || before == MC_UNKNOWN || now == before)
    return NULL;
  record->done++;
  record->bytes_done += distance (now, before);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " → %" G_GUINT64_FORMAT, before / MC_MIB,
                          now / MC_MIB);
}

static char *
describe_decided (Record *record, Guest *guest, const McVmDecision *decision)
{
  g_autofree char *sentence = NULL;

  if (decision == NULL || !decision->move || decision->target == guest->decided)
    return NULL;
  guest->decided = decision->target;
  record->decided++;
  record->bytes_decided += distance (decision->target, decision->before);
  sentence = mc_decision_describe (decision);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " → %" G_GUINT64_FORMAT ": %s",
                          decision->before / MC_MIB, decision->target / MC_MIB, sentence);
}

/* @decision: NULL in a sample that is no cycle. */
static void
print_row (Record *record, const Row *row, const McVmDecision *decision, FILE *out)
{
  g_autofree char *done = describe_done (record, row);
  g_autofree char *decided = NULL;

  /* The recorded run has moved on: the same decision again would be news. */
  if (done != NULL)
    row->guest->decided = MC_UNKNOWN;
  decided = describe_decided (record, row->guest, decision);
  if (decided != NULL)
    fprintf (out, "%8.1f  %-12s  %-14s  %s\n", row->t, row->guest->name, done != NULL ? done : "",
             decided);
  else if (done != NULL)
    fprintf (out, "%8.1f  %-12s  %s\n", row->t, row->guest->name, done);
  row->guest->done = row->figures[COLUMN_TARGET];
}

static gboolean
decide (
    Record *record, const McPolicySettings *settings, Row *rows, guint n, McVmDecision *decisions)
{
  g_autofree McVmFacts *facts = g_new (McVmFacts, n);
  g_autofree McVmHistory **histories = g_new (McVmHistory *, n);
  McHostFigures host = { .available = known (rows[0].figures[COLUMN_HOST_AVAILABLE], 0) };
  McHostDecision host_decision;
  gboolean pressing;

  host.total = known (rows[0].figures[COLUMN_HOST_TOTAL], host.available);
  for (guint i = 0; i < n; i++)
    {
      facts[i] = facts_of (record, settings, &rows[i]);
      histories[i] = &rows[i].guest->history;
    }
  mc_policy_decide (settings, &host, (gint64)((rows[0].t + 1) * G_USEC_PER_SEC), n, facts,
                    histories, decisions, &host_decision);
  pressing = host_decision.pressing;
  for (guint i = 0; i < n; i++)
    pressing |= decisions[i].pressing;
  return pressing;
}

static void
replay (Record *record, FILE *out)
{
  McPolicySettings settings = mc_policy_settings_default ();
  Row *rows = (Row *)(gpointer)record->rows->data;
  double next = 0;

  for (guint first = 0, end; first < record->rows->len; first = end)
    {
      g_autofree McVmDecision *decisions = NULL;

      for (end = first; end < record->rows->len && rows[end].t == rows[first].t;)
        end++;
      record->samples++;
      if (rows[first].t >= next)
        {
          decisions = g_new (McVmDecision, end - first);
          next = rows[first].t
                 + (decide (record, &settings, &rows[first], end - first, decisions)
                        ? ATTENTIVE_S
                        : (double)settings.thresholds.interval_s);
        }
      for (guint i = first; i < end; i++)
        print_row (record, &rows[i], decisions != NULL ? &decisions[i - first] : NULL, out);
    }
}

gboolean
sim_replay (const char *path, FILE *out, GError **error)
{
  g_autoptr (Record) record = record_new ();
  const Row *rows;

  if (!read_file (record, path, error))
    {
      g_prefix_error (error, "failed to read %s: ", path);
      return FALSE;
    }
  fprintf (out, "%8s  %-12s  %-14s  %s\n", "seconds", "guest", "done, MiB", "decided, MiB");
  replay (record, out);
  rows = (const Row *)(gconstpointer)record->rows->data;
  fprintf (out,
           "%u samples of %u guests over %.0f s: %u moves of %" G_GUINT64_FORMAT
           " MiB in all were done, %u of %" G_GUINT64_FORMAT " MiB are decided.\n",
           record->samples, record->guests->len, rows[record->rows->len - 1].t - rows[0].t,
           record->done, record->bytes_done / MC_MIB, record->decided,
           record->bytes_decided / MC_MIB);
  return TRUE;
}
