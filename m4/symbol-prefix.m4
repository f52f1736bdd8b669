# SPDX-License-Identifier: BSD-3-Clause
#
# LIBCGO_CHECK_SYMBOL_PREFIX
# --------------------------
# Finds out what the target puts before a C name in assembly: compiles a
# function, reads its name back from the object, and asks the compiler
# (__USER_LABEL_PREFIX__). The two must agree. Runs nothing of the target, so
# it works when crossing. Needs $NM, of binutils or LLVM.
#
# Sets libcgo_cv_symbol_prefix to `_` or `none`, and defines
# LIBCGO_CHECK_SYMBOL_PREFIX.
AC_DEFUN([LIBCGO_CHECK_SYMBOL_PREFIX], [
AC_CACHE_CHECK([what the target puts before C names], [libcgo_cv_symbol_prefix], [
  libcgo_cv_symbol_prefix=unknown
  libcgo_save_CFLAGS=$CFLAGS
  # With -flto in CFLAGS the object may hold no symbols: then again without.
  for libcgo_flag in "" -fno-lto; do
    CFLAGS="$libcgo_save_CFLAGS $libcgo_flag"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int libcgo_probe(void) { return 0; }]])], [
      libcgo_names=`$NM conftest.$ac_objext 2>&AS_MESSAGE_LOG_FD | sed 's/.* //'`
      for libcgo_name in $libcgo_names; do
        AS_CASE([$libcgo_name],
          [libcgo_probe], [libcgo_cv_symbol_prefix=none],
          [_libcgo_probe], [libcgo_cv_symbol_prefix=_])
      done
    ])
    AS_IF([test "$libcgo_cv_symbol_prefix" != unknown], [break])
  done
  CFLAGS=$libcgo_save_CFLAGS
])
AS_IF([test "$libcgo_cv_symbol_prefix" = unknown],
  [AC_MSG_ERROR([cannot find the name of a C function in an object that $CC made; does '$NM' read the objects of this compiler? Set NM to one that does])])
AC_CACHE_CHECK([whether the compiler agrees], [libcgo_cv_symbol_prefix_agrees], [
  AS_IF([test "$libcgo_cv_symbol_prefix" = none],
    [libcgo_expected=], [libcgo_expected=$libcgo_cv_symbol_prefix])
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
typedef char JOIN(__USER_LABEL_PREFIX__, libcgo_probe);
${libcgo_expected}libcgo_probe used;
]])], [libcgo_cv_symbol_prefix_agrees=yes], [libcgo_cv_symbol_prefix_agrees=no])
])
AS_IF([test "$libcgo_cv_symbol_prefix_agrees" = no],
  [AC_MSG_ERROR([the object says '$libcgo_cv_symbol_prefix', but __USER_LABEL_PREFIX__ says otherwise: does CFLAGS set -fleading-underscore?])])
AS_IF([test "$libcgo_cv_symbol_prefix" = none],
  [libcgo_symbol_prefix=], [libcgo_symbol_prefix=$libcgo_cv_symbol_prefix])
AC_DEFINE_UNQUOTED([LIBCGO_SYMBOL_PREFIX], [$libcgo_symbol_prefix],
  [What the target puts before C names in assembly.])
])
