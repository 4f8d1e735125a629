// What Debian 13's libelf.a calls and does not have (elfutils 0.192: the library of its own helpers is not packaged):
// search trees, whose first member is the root of a tsearch(3). Without their lock, because imgbuild uses each open ELF
// file in one thread.
#define _GNU_SOURCE
#include <search.h>
#include <stddef.h>

typedef int (*compare_keys)(const void*, const void*);

void eu_search_tree_init(void** tree) { *tree = NULL; }
void eu_search_tree_fini(void** tree, void (*free_node)(void*)) { tdestroy(*tree, free_node); }
void* eu_tsearch(const void* key, void** tree, compare_keys compare) { return tsearch(key, tree, compare); }
void* eu_tfind(const void* key, void** tree, compare_keys compare) { return tfind(key, tree, compare); }
void* eu_tdelete(const void* key, void** tree, compare_keys compare) { return tdelete(key, tree, compare); }
