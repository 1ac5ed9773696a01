/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's own policy, as the element that lives in its libvirt metadata. */
#include "config.h"

#include "metadata.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#include "hypervisor.h"

/* Whoever may edit a VM writes this: nothing sensible comes near it. */
#define MOST_BYTES (64 * 1024)

#define ROOT    "policy"
#define MANAGED "managed"

/* An error ends up in a property and in the log, whatever the text that it quotes. */
#define MOST_MESSAGE_CHARS 200

G_DEFINE_QUARK (mc_metadata_error_quark, mc_metadata_error)

struct _McMetadataEdit
{
  xmlDoc *document;
  xmlNode *root;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)

McMetadata
mc_metadata_unset (void)
{
  return (McMetadata){ .managed = MC_MANAGED_DEFAULT, .policy = MC_ALL_UNSET (McVmPolicy) };
}

/* Errors */

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* One line of bounded length. Returns: FALSE */
static gboolean
fail (GError **error, const char *format, ...)
{
  g_autofree char *quoted = NULL, *text = NULL;
  g_autoptr (GString) message = g_string_new (NULL);
  const char *end;
  va_list values;

  va_start (values, format);
  quoted = g_strdup_vprintf (format, values);
  va_end (values);
  text = g_strchomp (g_utf8_make_valid (quoted, -1));
  end = g_utf8_offset_to_pointer (text, MIN (g_utf8_strlen (text, -1), MOST_MESSAGE_CHARS));
  for (const char *p = text; p < end; p = g_utf8_next_char (p))
    g_string_append_unichar (message,
                             g_unichar_iscntrl (g_utf8_get_char (p)) ? ' ' : g_utf8_get_char (p));
  if (*end != '\0')
    g_string_append (message, "…");
  g_set_error_literal (error, MC_METADATA_ERROR, 0, message->str);
  return FALSE;
}

/* Names */

static gboolean
is_foreign (const xmlNs *namespace)
{
  return namespace != NULL && strcmp ((const char *)namespace->href, MC_METADATA_NAMESPACE) != 0;
}

/* A prefix that is declared further up in the domain's XML is part of the name here. */
static const char *
local_name (const xmlChar *name)
{
  const char *colon = strchr ((const char *)name, ':');

  return colon != NULL ? colon + 1 : (const char *)name;
}

/* A name with a prefix that is declared nowhere would come to mean something else without it, where
 * names without a prefix are somebody else's. */
static gboolean
is_hidden (const xmlNode *node)
{
  return strchr ((const char *)node->name, ':') != NULL
         && is_foreign (xmlSearchNs (node->doc, (xmlNode *)node, NULL));
}

/* Whether it is an element of ours, of whatever name. */
static gboolean
is_own (const xmlNode *node)
{
  return node->type == XML_ELEMENT_NODE && !is_foreign (node->ns) && !is_hidden (node);
}

static gboolean
is_blank (const xmlNode *node)
{
  return node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE || xmlIsBlankNode (node);
}

/* Reading */

typedef struct
{
  McMetadata metadata;
  char *unknown; /* the first that was found, in words, or NULL */
} Reader;

/* @words: (transfer full) */
static void
find_unknown (Reader *reader, char *words)
{
  g_autofree char *later = words;

  if (reader->unknown == NULL)
    reader->unknown = g_steal_pointer (&later);
}

static gboolean
read_managed (Reader *reader, const xmlChar *name, const char *value, GError **error)
{
  if (reader->metadata.managed != MC_MANAGED_DEFAULT)
    return fail (error, "\"%s\" is given twice", (const char *)name);
  if (g_str_equal (value, "yes"))
    reader->metadata.managed = MC_MANAGED_YES;
  else if (g_str_equal (value, "no"))
    reader->metadata.managed = MC_MANAGED_NO;
  else
    return fail (error, "managed=\"%s\" is neither \"yes\" nor \"no\"", value);
  return TRUE;
}

static gboolean
read_attributes (Reader *reader, xmlNode *element, gboolean is_root, GError **error)
{
  for (const xmlAttr *attribute = element->properties; attribute != NULL;
       attribute = attribute->next)
    {
      xmlChar *value;
      gboolean fine;

      if (is_foreign (attribute->ns))
        continue;
      if (!is_root || !g_str_equal (local_name (attribute->name), MANAGED))
        {
          find_unknown (reader,
                        g_strdup_printf ("<%s> has no attribute \"%s\"", local_name (element->name),
                                         (const char *)attribute->name));
          continue;
        }
      value = xmlNodeListGetString (element->doc, attribute->children, 1);
      fine
          = read_managed (reader, attribute->name, value != NULL ? (const char *)value : "", error);
      xmlFree (value);
      if (!fine)
        return FALSE;
    }
  return TRUE;
}

/* Its text is one piece: what stands on both sides of a comment are two values. */
static gboolean
read_value (Reader *reader, const xmlNode *element, const McThreshold *threshold, GError **error)
{
  g_autofree char *text = NULL;
  guint64 value;

  for (const xmlNode *node = element->children; node != NULL; node = node->next)
    {
      if (is_blank (node))
        continue;
      if (node->type == XML_ELEMENT_NODE)
        return fail (error, "<%s> is inside <%s>", (const char *)node->name, threshold->key);
      if (node->type != XML_TEXT_NODE)
        continue;
      if (text != NULL)
        return fail (error, "<%s> has two values", threshold->key);
      text = g_strstrip (g_strdup ((const char *)node->content));
    }
  if (text == NULL)
    return fail (error, "<%s> is empty", threshold->key);
  if (!mc_threshold_read (threshold, text, &value))
    return fail (error, "<%s>: \"%s\" is not %s", threshold->key, text,
                 threshold->unit == MC_UNIT_BYTES ? "a size such as 150M" : "a whole number");
  return mc_vm_threshold_set (&reader->metadata.policy, threshold, value, error);
}

static gboolean
read_child (Reader *reader, xmlNode *node, GError **error)
{
  const McThreshold *threshold;

  if (is_blank (node) || (node->type == XML_ELEMENT_NODE && is_foreign (node->ns)))
    return TRUE;
  if (node->type != XML_ELEMENT_NODE)
    return fail (error, "\"%s\" is outside of any element",
                 node->content != NULL ? (const char *)node->content : "");
  threshold = mc_threshold_find_key (mc_vm_thresholds, local_name (node->name));
  if (threshold == NULL)
    {
      find_unknown (reader, g_strdup_printf ("<%s> is not known", (const char *)node->name));
      return TRUE;
    }
  if (mc_vm_threshold_get (&reader->metadata.policy, threshold) != MC_UNSET)
    return fail (error, "<%s> is given twice", threshold->key);
  return read_attributes (reader, node, FALSE, error)
         && read_value (reader, node, threshold, error);
}

static gboolean
read_root (Reader *reader, xmlNode *root, GError **error)
{
  if (!read_attributes (reader, root, TRUE, error))
    return FALSE;
  for (xmlNode *node = root->children; node != NULL; node = node->next)
    if (!read_child (reader, node, error))
      return FALSE;
  return TRUE;
}

/* The document */

static xmlDoc *
parse_document (const char *xml, GError **error)
{
  const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  g_autoptr (xmlParserCtxt) context = xmlNewParserCtxt ();
  xmlDoc *document = xmlCtxtReadMemory (context, xml, (int)strlen (xml), NULL, "UTF-8", options);

  if (document == NULL)
    {
      const xmlError *problem = xmlCtxtGetLastError (context);

      fail (error, "it is not XML: %s",
            problem != NULL && problem->message != NULL ? problem->message : "nothing can be read");
    }
  return document;
}

static gboolean
check_document (const xmlDoc *document, const xmlNode *root, GError **error)
{
  if (document->intSubset != NULL)
    return fail (error, "it has a document type");
  if (root == NULL || !is_own (root) || !g_str_equal (local_name (root->name), ROOT))
    return fail (error, "<%s> is where <" ROOT "> should be",
                 root != NULL ? (const char *)root->name : "");
  return TRUE;
}

McMetadataEdit *
mc_metadata_edit_new (const char *xml, GError **error)
{
  g_autoptr (McMetadataEdit) self = g_new0 (McMetadataEdit, 1);

  if (xml == NULL)
    xml = "<" ROOT "/>";
  if (strnlen (xml, MOST_BYTES + 1) > MOST_BYTES)
    {
      fail (error, "it is longer than %u KiB", MOST_BYTES / 1024);
      return NULL;
    }
  if (!g_utf8_validate (xml, -1, NULL))
    {
      fail (error, "it is not UTF-8");
      return NULL;
    }
  self->document = parse_document (xml, error);
  if (self->document == NULL)
    return NULL;
  self->root = xmlDocGetRootElement (self->document);
  if (!check_document (self->document, self->root, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
mc_metadata_edit_free (McMetadataEdit *self)
{
  g_clear_pointer (&self->document, xmlFreeDoc);
  g_free (self);
}

gboolean
mc_metadata_edit_get (McMetadataEdit *self, McMetadata *metadata, GError **error)
{
  Reader reader = { .metadata = mc_metadata_unset () };
  gboolean fine = read_root (&reader, self->root, error);

  g_free (reader.unknown);
  if (fine)
    *metadata = reader.metadata;
  return fine;
}

gboolean
mc_metadata_parse (const char *xml, McMetadata *metadata, GError **error)
{
  Reader reader = { .metadata = mc_metadata_unset () };
  g_autoptr (McMetadataEdit) self = mc_metadata_edit_new (xml, error);
  g_autofree char *unknown = NULL;
  gboolean fine = self != NULL && read_root (&reader, self->root, error);

  unknown = g_steal_pointer (&reader.unknown);
  if (fine && unknown != NULL)
    return fail (error, "%s", unknown);
  if (fine)
    *metadata = reader.metadata;
  return fine;
}

/* Writing */

void
mc_metadata_edit_set_managed (McMetadataEdit *self, McManaged managed)
{
  for (xmlAttr *attribute = self->root->properties, *next; attribute != NULL; attribute = next)
    {
      next = attribute->next;
      if (!is_foreign (attribute->ns) && g_str_equal (local_name (attribute->name), MANAGED))
        xmlRemoveProp (attribute);
    }
  if (managed != MC_MANAGED_DEFAULT)
    xmlNewProp (self->root, (const xmlChar *)MANAGED,
                (const xmlChar *)(managed == MC_MANAGED_YES ? "yes" : "no"));
}

void
mc_metadata_edit_set (McMetadataEdit *self, const McThreshold *threshold, guint64 value)
{
  g_autofree char *text = NULL;

  for (xmlNode *node = self->root->children, *next; node != NULL; node = next)
    {
      next = node->next;
      if (!is_own (node)
          || mc_threshold_find_key (mc_vm_thresholds, local_name (node->name)) != threshold)
        continue;
      xmlUnlinkNode (node);
      xmlFreeNode (node);
    }
  if (value == MC_UNSET)
    return;
  text = mc_threshold_write (threshold, value);
  xmlNewTextChild (self->root, NULL, (const xmlChar *)threshold->key, (const xmlChar *)text);
}

/* libvirt declares ours again, and takes every element without a namespace for ours. */
static void
remove_foreign_namespaces (xmlNode *element)
{
  for (xmlNs **declared = &element->nsDef; *declared != NULL;)
    {
      xmlNs *found = *declared;

      if (is_foreign (found))
        {
          declared = &found->next;
          continue;
        }
      *declared = found->next;
      found->next = NULL;
      xmlFreeNs (found);
    }
}

/* Nor may a prefix that is declared nowhere here be part of a name that is known. */
static void
forget_prefix (xmlNode *node)
{
  g_autofree char *name = g_strdup (local_name (node->name));

  if (g_str_equal (name, ROOT) || g_str_equal (name, MANAGED)
      || mc_threshold_find_key (mc_vm_thresholds, name) != NULL)
    xmlNodeSetName (node, (const xmlChar *)name);
}

static void
forget_namespace (xmlNode *element)
{
  if (is_own (element))
    {
      element->ns = NULL;
      forget_prefix (element);
    }
  for (xmlAttr *attribute = element->properties; attribute != NULL; attribute = attribute->next)
    if (!is_foreign (attribute->ns))
      {
        attribute->ns = NULL;
        forget_prefix ((xmlNode *)attribute);
      }
  for (xmlNode *node = element->children; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE)
      forget_namespace (node);
  /* Nothing refers to it any more. */
  remove_foreign_namespaces (element);
}

static gboolean
says_nothing (const xmlNode *root)
{
  for (const xmlNode *node = root->children; node != NULL; node = node->next)
    if (!xmlIsBlankNode (node))
      return FALSE;
  return root->properties == NULL;
}

char *
mc_metadata_edit_format (McMetadataEdit *self)
{
  xmlBuffer *buffer;
  char *text;

  if (says_nothing (self->root))
    return NULL;
  forget_namespace (self->root);
  buffer = xmlBufferCreate ();
  xmlNodeDump (buffer, self->document, self->root, 0, 0);
  text = g_strdup ((const char *)xmlBufferContent (buffer));
  xmlBufferFree (buffer);
  return text;
}
