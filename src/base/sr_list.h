/* A doubly linked list whose links live inside its items.
** SPDX-License-Identifier: MIT
**
** An item may be in one list for each node it has. A node of all zeros is in no list. A list must not
** be moved: its items point to it. */
#ifndef SR_LIST_H
#define SR_LIST_H

#include <stddef.h>

struct sr_node {
  struct sr_node *prev, *next; /* both NULL: in no list */
};

struct sr_list {
  struct sr_node ends; /* next: the first item; prev: the last; itself: empty */
};

/* Initializes a static list: static struct sr_list jobs = SR_LIST_EMPTY(jobs); */
#define SR_LIST_EMPTY(list)                                                                        \
  {                                                                                                \
    { &(list).ends, &(list).ends }                                                                 \
  }

static inline void sr_list_init(struct sr_list *list) {
  list->ends.prev = list->ends.next = &list->ends;
}

static inline int sr_node_in_list(const struct sr_node *node) {
  return node->next != NULL;
}

/* Appends an item that is in no list. */
static inline void sr_list_append(struct sr_list *list, struct sr_node *node) {
  node->prev = list->ends.prev;
  node->next = &list->ends;
  node->prev->next = node;
  list->ends.prev = node;
}

/* Inserts an item that is in no list before the others. */
static inline void sr_list_prepend(struct sr_list *list, struct sr_node *node) {
  node->prev = &list->ends;
  node->next = list->ends.next;
  node->next->prev = node;
  list->ends.next = node;
}

/* Does nothing if it is in no list. */
static inline void sr_list_remove(struct sr_node *node) {
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): a freed node is in no list */
  if (node->next == NULL)
    return;
  node->prev->next = node->next;
  node->next->prev = node->prev;
  node->prev = node->next = NULL;
}

/* The item whose node this is; NULL at the list's end. */
#define SR_LIST_ITEM(list, node, type, member)                                                     \
  ((node) == &(list)->ends ? NULL : (type *)(void *)((char *)(node)-offsetof(type, member)))

/*
** The first item, the one after `item`, and the last; NULL: there is none. `member` is the node's name in `type`.
** To remove items on the way, ask for the next one first.
*/
#define SR_LIST_FIRST(list, type, member)      SR_LIST_ITEM(list, (list)->ends.next, type, member)
#define SR_LIST_NEXT(list, item, type, member) SR_LIST_ITEM(list, (item)->member.next, type, member)
#define SR_LIST_LAST(list, type, member)       SR_LIST_ITEM(list, (list)->ends.prev, type, member)

#endif
