/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's own policy in its metadata. */
#include "config.h"

#include <string.h>

#include "metadata.h"

/* Returns: (transfer full) (nullable): @xml with @key, where there is one, set to @value. */
static char *
edited (const char *xml, const char *key, guint64 value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (McMetadataEdit) edit = mc_metadata_edit_new (xml, &error);

  g_assert_no_error (error);
  if (key != NULL)
    mc_metadata_edit_set (edit, mc_threshold_find (mc_vm_thresholds, key), value);
  return mc_metadata_edit_format (edit);
}

static void
test_read (void)
{
  const char *forms[] = {
    "<policy managed='yes'><minimum>512M</minimum><weight>200</weight></policy>",
    "<memcoord:policy xmlns:memcoord=\"https://example.org/memcoord/1\" managed=\"yes\">\n"
    "  <memcoord:minimum>512M</memcoord:minimum>\n  <!-- heavy -->\n  <memcoord:weight> 200 "
    "</memcoord:weight>\n"
    "</memcoord:policy>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      McMetadata metadata;
      g_autoptr (GError) error = NULL;

      g_assert_true (mc_metadata_parse (forms[i], &metadata, &error));
      g_assert_no_error (error);
      g_assert_cmpint (metadata.managed, ==, MC_MANAGED_YES);
      g_assert_cmpuint (metadata.policy.minimum, ==, 512 * MC_MIB);
      g_assert_cmpuint (metadata.policy.weight, ==, 200);
      g_assert_cmpuint (metadata.policy.maximum, ==, MC_UNSET);
    }
}

static void
test_none (void)
{
  McMetadata metadata = { .managed = MC_MANAGED_NO };

  g_assert_true (mc_metadata_parse (NULL, &metadata, NULL));
  g_assert_cmpint (metadata.managed, ==, MC_MANAGED_DEFAULT);
  g_assert_cmpuint (metadata.policy.low_watermark, ==, MC_UNSET);
  g_assert_null (edited (NULL, NULL, MC_UNSET));
}

static void
test_refused (void)
{
  const struct
  {
    const char *xml;
    const char *says;
  } cases[] = {
    { "", "" },
    { "nonsense", "" },
    { "<policy>", "" },
    { "<policy><minimum>512M</policy>", "" },
    { "<rules/>", "<rules>" },
    { "<policy colour='blue'/>", "colour" },
    { "<policy managed='maybe'/>", "\"maybe\" is neither \"yes\" nor \"no\"" },
    { "<policy><speed>3</speed></policy>", "<speed> is not known" },
    { "<policy><weight>3</weight><weight>4</weight></policy>", "<weight> is given twice" },
    { "<policy><weight>heavy</weight></policy>", "\"heavy\" is not a whole number" },
    { "<policy><weight></weight></policy>", "<weight> is empty" },
    { "<policy><weight>0</weight></policy>", "Weight 0 is below" },
    { "<policy><minimum>-5M</minimum></policy>", "\"-5M\" is not a size" },
    { "<policy><minimum><b>5M</b></minimum></policy>", "<b> is inside <minimum>" },
    { "<policy>512M</policy>", "\"512M\" is outside" },
    { "<policy/><minimum>512M</minimum>", "Extra content at the end" },
    { "<policy/><policy/>", "Extra content at the end" },
    { "<policy/>512M", "" },
    { "<policy managed='yes' managed='no'/>", "" },
    { "<policy managed='yes' x:managed='no'/>", "\"x:managed\" is given twice" },
    /* A unit as libvirt's own elements have it: to leave it out of account would be wrong by a
       factor. */
    { "<policy><minimum unit='KiB'>524288</minimum></policy>",
      "<minimum> has no attribute \"unit\"" },
    { "<policy><minimum>5<!-- -->12M</minimum></policy>", "" },
    { "<policy><minimum>512M<!-- -->1G</minimum></policy>", "<minimum> has two values" },
    { "<policy><weight>&#50;&#48;&#48;&apos;</weight></policy>", "\"200'\" is not a whole number" },
    { "<policy><weight>&unknown;</weight></policy>", "" },
    { "<policy><weight><![CDATA[5]]></weight></policy>", "<weight> is empty" },
    { "<policy><weight>\xff</weight></policy>", "not UTF-8" },
    { "<policy><maximum>65T</maximum></policy>", "Maximum 65T is above" },
    { "<policy><HostReserve>1G</HostReserve></policy>", "<HostReserve> is not known" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      McMetadata metadata = { .managed = MC_MANAGED_NO };
      g_autoptr (GError) error = NULL;
      g_autofree char *shown = NULL;

      g_assert_false (mc_metadata_parse (cases[i].xml, &metadata, &error));
      shown = g_strescape (cases[i].xml, NULL); /* not all of it is UTF-8, which TAP wants */
      g_test_message ("%s: %s", shown, error->message);
      g_assert_nonnull (strstr (error->message, cases[i].says));
      g_assert_cmpint (metadata.managed, ==, MC_MANAGED_NO);
    }
}

static void
test_too_long (void)
{
  g_autofree char *padding = g_strnfill (100 * 1024, ' ');
  g_autofree char *xml = g_strconcat ("<policy>", padding, "</policy>", NULL);
  McMetadata metadata;

  g_assert_false (mc_metadata_parse (xml, &metadata, NULL));
}

/* What an error quotes comes from whoever may edit the VM, and goes to the log and to a property.
 */
static void
test_messages_are_tame (void)
{
  g_autofree char *name = g_strnfill (50 * 1024, 'x');
  char *xmls[] = {
    g_strdup_printf ("<%s/>", name),
    g_strdup_printf ("<policy %s='yes'/>", name),
    g_strdup_printf ("<policy managed='%s'/>", name),
    g_strdup_printf ("<policy><%s/></policy>", name),
    g_strdup_printf ("<policy>%s</policy>", name),
    g_strdup_printf ("<policy><minimum>%s</minimum></policy>", name),
    g_strdup ("<policy><minimum>1\n2\tM&#x7f;&#x85;</minimum></policy>"),
    g_strdup ("<policy><minimum>ééé\r\nMESSAGE_ID=0</minimum></policy>"),
    g_strdup ("<policy x\xc2\x92y='1'/>"),
    g_strdup ("<policy x\xc2\x92/>"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (xmls); i++)
    {
      McMetadata metadata;
      g_autoptr (GError) error = NULL;

      g_assert_false (mc_metadata_parse (xmls[i], &metadata, &error));
      g_assert_cmpint (g_utf8_strlen (error->message, -1), <, 250);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      for (const char *p = error->message; *p != '\0'; p = g_utf8_next_char (p))
        g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)));
      g_free (g_steal_pointer (&xmls[i]));
    }
}

/* Depth costs nothing: the second level is the last. */
static void
test_deep (void)
{
  g_autoptr (GString) xml = g_string_new (NULL);
  McMetadata metadata;

  for (guint i = 0; i < 7000; i++)
    g_string_append (xml, "<policy>");
  g_assert_false (mc_metadata_parse (xml->str, &metadata, NULL));
}

static void
test_written_comes_back (void)
{
  for (guint i = 0; i < 2000; i++)
    {
      McMetadata metadata = mc_metadata_unset (), back;
      g_autoptr (McMetadataEdit) edit = mc_metadata_edit_new (NULL, NULL);
      g_autofree char *xml = NULL;
      g_autoptr (GError) error = NULL;

      metadata.managed = (McManaged)g_test_rand_int_range (0, 3);
      for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
        if (g_test_rand_bit ())
          g_assert_true (mc_vm_threshold_set (
              &metadata.policy, threshold,
              threshold->least
                  + (guint64)(g_test_rand_double () * (double)(threshold->most - threshold->least)),
              NULL));
      mc_metadata_edit_set_managed (edit, metadata.managed);
      for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
        mc_metadata_edit_set (edit, threshold, mc_vm_threshold_get (&metadata.policy, threshold));
      xml = mc_metadata_edit_format (edit);
      g_assert_true (mc_metadata_parse (xml, &back, &error));
      g_assert_no_error (error);
      g_assert_cmpint (back.managed, ==, metadata.managed);
      for (const McThreshold *threshold = mc_vm_thresholds; threshold->name != NULL; threshold++)
        g_assert_cmpuint (mc_vm_threshold_get (&back.policy, threshold), ==,
                          mc_vm_threshold_get (&metadata.policy, threshold));
    }
}

/* What a later version, or somebody else, has put there. */
static void
test_what_is_not_known_stays (void)
{
  const struct
  {
    const char *xml, *key;
    guint64 value;
    const char *becomes;
  } cases[] = {
    { "<policy managed='no'><future a='1'>x<y/></future></policy>", "Weight", 300,
      "<policy managed=\"no\"><future a=\"1\">x<y/></future><weight>300</weight></policy>" },
    { "<m:policy xmlns:m='https://example.org/memcoord/1' m:managed='no' m:speed='3'>"
      "<m:weight>5</m:weight><!-- why --></m:policy>",
      "Weight", MC_UNSET, "<policy managed=\"no\" speed=\"3\"><!-- why --></policy>" },
    { "<policy xmlns='https://example.org/memcoord/1' xmlns:o='urn:o' o:by='x'>"
      "<o:note><weight>7</weight></o:note><weight>5</weight></policy>",
      "Weight", 6,
      "<policy xmlns:o=\"urn:o\" o:by=\"x\"><o:note><weight>7</weight></o:note>"
      "<weight>6</weight></policy>" },
    { "<memcoord:policy><memcoord:minimum>5M</memcoord:minimum></memcoord:policy>", "Maximum",
      MC_GIB, "<policy><minimum>5M</minimum><maximum>1G</maximum></policy>" },
    { "<policy><weight>4</weight><weight>5</weight></policy>", "Weight", 6,
      "<policy><weight>6</weight></policy>" },
    { "<policy>\n  <weight>4</weight>\n</policy>", "Weight", MC_UNSET, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = edited (cases[i].xml, cases[i].key, cases[i].value);

      g_assert_cmpstr (text, ==, cases[i].becomes);
    }
}

/* Foreign parts are none of this program's business; its own that it does not know may matter. */
static void
test_foreign (void)
{
  McMetadata metadata;
  g_autoptr (GError) error = NULL;

  g_assert_true (mc_metadata_parse ("<policy xmlns:o='urn:o' o:by='x'><o:note>hm</o:note>"
                                    "<weight>5</weight></policy>",
                                    &metadata, NULL));
  g_assert_cmpuint (metadata.policy.weight, ==, 5);
  g_assert_false (mc_metadata_parse ("<policy xmlns:o='https://example.org/memcoord/1'>"
                                     "<o:speed/></policy>",
                                     &metadata, &error));
  g_assert_cmpstr (error->message, ==, "<speed> is not known");
}

/* No text is put together out of parts of itself. */
static void
test_document_type (void)
{
  McMetadata metadata;
  g_autoptr (GError) error = NULL;

  g_assert_false (mc_metadata_parse ("<!DOCTYPE policy [<!ENTITY a \"5\">]>"
                                     "<policy><weight>&a;</weight></policy>",
                                     &metadata, &error));
  g_assert_cmpstr (error->message, ==, "it has a document type");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metadata/read", test_read);
  g_test_add_func ("/metadata/none", test_none);
  g_test_add_func ("/metadata/refused", test_refused);
  g_test_add_func ("/metadata/too-long", test_too_long);
  g_test_add_func ("/metadata/messages-are-tame", test_messages_are_tame);
  g_test_add_func ("/metadata/deep", test_deep);
  g_test_add_func ("/metadata/written-comes-back", test_written_comes_back);
  g_test_add_func ("/metadata/what-is-not-known-stays", test_what_is_not_known_stays);
  g_test_add_func ("/metadata/foreign", test_foreign);
  g_test_add_func ("/metadata/document-type", test_document_type);
  return g_test_run ();
}
