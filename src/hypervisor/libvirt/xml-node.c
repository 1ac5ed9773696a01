/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A document in XML, and small questions to its elements. */
#include "config.h"

#include "xml-node.h"

#include "size.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

McXmlDocument *
mc_xml_document_parse (const char *text)
{
  int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
  gsize length = strlen (text);

  return length <= G_MAXINT ? xmlReadMemory (text, (int)length, NULL, NULL, options) : NULL;
}

void
mc_xml_document_free (McXmlDocument *self)
{
  xmlFreeDoc (self);
}

static gboolean
is_named (const McXmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *)node->name, name) == 0;
}

McXmlNode *
mc_xml_document_get_root (McXmlDocument *self, const char *name)
{
  McXmlNode *root = xmlDocGetRootElement (self);

  return root != NULL && is_named (root, name) ? root : NULL;
}

static McXmlNode *
first_from (McXmlNode *node, const char *name)
{
  while (node != NULL && !is_named (node, name))
    node = node->next;
  return node;
}

McXmlNode *
mc_xml_node_child (const McXmlNode *node, const char *name)
{
  return node != NULL ? first_from (node->children, name) : NULL;
}

McXmlNode *
mc_xml_node_next (const McXmlNode *node, const char *name)
{
  return first_from (node->next, name);
}

gboolean
mc_xml_node_is_in (const McXmlNode *node, const char *namespace)
{
  return node->type == XML_ELEMENT_NODE && node->ns != NULL
         && strcmp ((const char *)node->ns->href, namespace) == 0;
}

McXmlNode *
mc_xml_node_child_in (const McXmlNode *node, const char *namespace)
{
  McXmlNode *child = node != NULL ? node->children : NULL;

  while (child != NULL && !mc_xml_node_is_in (child, namespace))
    child = child->next;
  return child;
}

char *
mc_xml_node_dump (McXmlNode *node)
{
  xmlBuffer *buffer = xmlBufferCreate ();
  char *text;

  xmlNodeDump (buffer, node->doc, node, 0, 0);
  text = g_strdup ((const char *)xmlBufferContent (buffer));
  xmlBufferFree (buffer);
  return text;
}

char *
mc_xml_node_get (const McXmlNode *node, const char *attribute)
{
  xmlChar *text = node != NULL ? xmlGetProp (node, (const xmlChar *)attribute) : NULL;
  char *copy = g_strdup ((const char *)text);

  xmlFree (text);
  return copy;
}

gboolean
mc_xml_node_has (const McXmlNode *node, const char *attribute, const char *value)
{
  g_autofree char *found = mc_xml_node_get (node, attribute);

  return g_strcmp0 (found, value) == 0;
}

guint64
mc_xml_node_get_number (const McXmlNode *node, const char *attribute)
{
  g_autofree char *text = mc_xml_node_get (node, attribute);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
}

char *
mc_xml_node_get_content (const McXmlNode *node)
{
  xmlChar *text = node != NULL ? xmlNodeGetContent (node) : NULL;
  char *copy = g_strdup ((const char *)text);

  xmlFree (text);
  return copy;
}

static guint64
get_content_number (const McXmlNode *node)
{
  g_autofree char *text = mc_xml_node_get_content (node);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
}

/* As libvirt writes and reads them: unlike those that people write here, its KB, MB, GB and TB are
 * powers of 1000. */
static guint64
get_unit (const McXmlNode *node)
{
  static const struct
  {
    const char *name;
    guint64 bytes;
  } units[] = {
    { "b", 1 },
    { "bytes", 1 },
    { "KB", 1000 },
    { "MB", 1000 * 1000 },
    { "M", MC_MIB },
    { "MiB", MC_MIB },
    { "GB", 1000 * 1000 * 1000 },
    { "G", MC_GIB },
    { "GiB", MC_GIB },
    { "TB", (guint64)1000 * 1000 * 1000 * 1000 },
    { "T", 1024 * MC_GIB },
    { "TiB", 1024 * MC_GIB },
  };

  g_autofree char *unit = mc_xml_node_get (node, "unit");

  for (guint i = 0; unit != NULL && i < G_N_ELEMENTS (units); i++)
    if (g_ascii_strcasecmp (unit, units[i].name) == 0)
      return units[i].bytes;
  return 1024;
}

guint64
mc_xml_node_get_size (const McXmlNode *node, const char *attribute)
{
  guint64 unit = get_unit (node), value = attribute != NULL
                                              ? mc_xml_node_get_number (node, attribute)
                                              : get_content_number (node);

  return value > G_MAXINT64 / unit ? 0 : value * unit;
}
