/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs read: JSON with the names and units of the bus. */
#include "config.h"

#include "json.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

static void
print (GVariant *value, gboolean pretty)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autoptr (JsonNode) root = json_gvariant_serialize (owned);
  g_autofree char *text = json_to_string (root, pretty);

  /* JSON is UTF-8 whatever the locale, so it does not go through g_print(). */
  puts (text);
}

void
mc_json_print (GVariant *value)
{
  print (value, TRUE);
}

void
mc_json_print_line (GVariant *value)
{
  print (value, FALSE);
  fflush (stdout);
}
