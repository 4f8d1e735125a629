// Debian has libfmt only as a shared library, which static binaries cannot use; header-only, every file of the
// project compiles it again (3.5 s each). So: the headers' own implementation, compiled once. Source: what
// src/format.cc of fmt 9 and 10 instantiates.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API locale_ref::locale_ref(const std::locale& locale);
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
template FMT_API auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto thousands_sep_impl<wchar_t>(locale_ref) -> thousands_sep_result<wchar_t>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
template FMT_API auto decimal_point_impl(locale_ref) -> wchar_t;
template FMT_API void vformat_to<char>(buffer<char>&, string_view, basic_format_args<basic_format_context<appender, char>>,
                                        locale_ref);

}  // namespace detail
FMT_END_NAMESPACE
