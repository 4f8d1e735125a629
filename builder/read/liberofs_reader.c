#include "builder/read/liberofs_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "erofs/config.h"
#include "erofs/dir.h"
#include "erofs/internal.h"
#include "erofs/print.h"
#include "erofs/xattr.h"

struct LiberofsReader {
  struct erofs_sb_info sb;
};

struct ListContext {
  struct erofs_dir_context dir; /* first: liberofs hands back a pointer to it */
  LiberofsEntry entry;
  void* context;
};

static int ReadInode(struct LiberofsReader* reader, uint64_t nid, struct erofs_inode* inode) {
  *inode = (struct erofs_inode){.sbi = &reader->sb, .nid = nid};
  return erofs_read_inode_from_disk(inode);
}

/* A packed inode whose end is in a packed inode is read for ever. */
static int CheckPackedInode(struct LiberofsReader* reader) {
  struct erofs_inode inode;
  struct erofs_map_blocks map = {.buf = __EROFS_BUF_INITIALIZER};
  int error = ReadInode(reader, reader->sb.packed_nid, &inode);
  if (error != 0) {
    return error;
  }
  if (!S_ISREG(inode.i_mode) || !erofs_inode_is_data_compressed(inode.datalayout)) {
    return -EUCLEAN;
  }
  error = z_erofs_map_blocks_iter(&inode, &map, EROFS_GET_BLOCKS_FIEMAP);
  return error != 0                                             ? error
         : (inode.z_advise & Z_EROFS_ADVISE_FRAGMENT_PCLUSTER) ? -EUCLEAN
                                                                : 0;
}

int LiberofsOpen(const char* path, struct LiberofsReader** reader) {
  struct LiberofsReader* out = calloc(1, sizeof *out);
  int error;
  if (out == NULL) {
    return -ENOMEM;
  }
  erofs_init_configure();
  cfg.c_dbg_lvl = EROFS_ERR - 1; /* what is wrong is said once, by us */
  error = erofs_dev_open(&out->sb, path, O_RDONLY);
  if (error != 0) {
    free(out);
    return error;
  }
  error = erofs_read_superblock(&out->sb);
  if (error != 0) {
    erofs_dev_close(&out->sb);
    free(out);
    return error;
  }
  error = erofs_superblock_csum_verify(&out->sb);
  /* Keeps the packed inode's content once decoded: else every small file decodes a whole unit. */
  if (error == 0 && out->sb.packed_nid > 0) {
    error = CheckPackedInode(out);
    if (error != 0) {
      out->sb.packed_nid = 0; /* so that it is not closed */
    } else {
      error = erofs_packedfile_init(&out->sb, false);
    }
  }
  if (error != 0) {
    LiberofsClose(out);
    return error;
  }
  *reader = out;
  return 0;
}

void LiberofsClose(struct LiberofsReader* reader) {
  if (reader->sb.packed_nid > 0) {
    erofs_packedfile_exit(&reader->sb);
  }
  erofs_put_super(&reader->sb);
  erofs_dev_close(&reader->sb);
  erofs_exit_configure();
  free(reader);
}

uint64_t LiberofsRoot(const struct LiberofsReader* reader) { return reader->sb.root_nid; }

static int IsDevice(uint32_t mode) { return S_ISCHR(mode) || S_ISBLK(mode); }

int LiberofsStatOf(struct LiberofsReader* reader, uint64_t nid, struct LiberofsStat* out) {
  struct erofs_inode inode;
  const int error = ReadInode(reader, nid, &inode);
  if (error != 0) {
    return error;
  }
  *out = (struct LiberofsStat){.size_bytes = inode.i_size,
                               .mtime_seconds = (int64_t)inode.i_mtime,
                               .mtime_nanoseconds = inode.i_mtime_nsec,
                               .mode = inode.i_mode,
                               .uid = inode.i_uid,
                               .gid = inode.i_gid,
                               .links = inode.i_nlink,
                               .device = IsDevice(inode.i_mode) ? inode.u.i_rdev : 0};
  return 0;
}

static int OnEntry(struct erofs_dir_context* dir) {
  struct ListContext* list = (struct ListContext*)dir;
  if (dir->dot_dotdot) {
    return 0;
  }
  return list->entry(list->context, dir->dname, dir->de_namelen, dir->de_nid);
}

int LiberofsList(struct LiberofsReader* reader, uint64_t nid, LiberofsEntry entry, void* context) {
  struct erofs_inode inode;
  struct ListContext list = {.dir = {.dir = &inode, .cb = OnEntry}, .entry = entry, .context = context};
  const int error = ReadInode(reader, nid, &inode);
  return error != 0 ? error : erofs_iterate_dir(&list.dir, false);
}

enum { kMaxXattrValueBytes = 65535, kMaxXattrNamesBytes = 1 << 20 };

static int ListXattrs(struct erofs_inode* inode, char* names, char* value, LiberofsXattr xattr,
                      void* context) {
  const int names_bytes = erofs_listxattr(inode, names, kMaxXattrNamesBytes);
  const char* name;
  if (names_bytes < 0) {
    return names_bytes;
  }
  for (name = names; name < names + names_bytes; name += strlen(name) + 1) {
    const int size = erofs_getxattr(inode, name, value, kMaxXattrValueBytes);
    if (size < 0) {
      return size;
    }
    xattr(context, name, value, (size_t)size);
  }
  return 0;
}

int LiberofsXattrs(struct LiberofsReader* reader, uint64_t nid, LiberofsXattr xattr,
                   void* context) {
  struct erofs_inode inode;
  char* names;
  char* value;
  int error = ReadInode(reader, nid, &inode);
  if (error != 0 || inode.xattr_isize == 0) {
    return error;
  }
  names = malloc(kMaxXattrNamesBytes);
  value = malloc(kMaxXattrValueBytes);
  error = names == NULL || value == NULL ? -ENOMEM
                                         : ListXattrs(&inode, names, value, xattr, context);
  free(names);
  free(value);
  free(inode.xattr_shared_xattrs);
  return error;
}

int LiberofsRead(struct LiberofsReader* reader, uint64_t nid, void* buffer, size_t size_bytes,
                 uint64_t offset) {
  struct erofs_inode inode;
  struct erofs_vfile file;
  ssize_t got;
  int error = ReadInode(reader, nid, &inode);
  if (error != 0) {
    return error;
  }
  error = erofs_iopen(&file, &inode);
  if (error != 0) {
    return error;
  }
  got = erofs_io_pread(&file, buffer, size_bytes, offset);
  return got < 0 ? (int)got : (size_t)got == size_bytes ? 0 : -EIO;
}

int LiberofsExtents(struct LiberofsReader* reader, uint64_t nid, LiberofsOnExtent extent,
                    void* context) {
  struct erofs_inode inode;
  struct erofs_map_blocks map = {.buf = __EROFS_BUF_INITIALIZER};
  bool compressed;
  int error = ReadInode(reader, nid, &inode);
  if (error != 0) {
    return error;
  }
  compressed = erofs_inode_is_data_compressed(inode.datalayout);
  for (map.m_la = 0; map.m_la < inode.i_size; map.m_la += map.m_llen) {
    struct LiberofsExtent out;
    error = compressed ? z_erofs_map_blocks_iter(&inode, &map, EROFS_GET_BLOCKS_FIEMAP)
                       : erofs_map_blocks(&inode, &map, EROFS_GET_BLOCKS_FIEMAP);
    if (error != 0) {
      return error;
    }
    if (map.m_llen == 0) {
      return -EUCLEAN;
    }
    out.packed = (map.m_flags & __EROFS_MAP_FRAGMENT) != 0;
    out.content_bytes = map.m_llen;
    out.image_offset = map.m_pa;
    out.image_bytes = out.packed ? 0 : map.m_plen;
    error = extent(context, &out);
    if (error != 0) {
      return error;
    }
  }
  return 0;
}

uint64_t LiberofsPackedInode(struct LiberofsReader* reader) {
  return erofs_sb_has_fragments(&reader->sb) ? reader->sb.packed_nid : 0;
}
