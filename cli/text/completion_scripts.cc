// The scripts as text. ':', '@', '#' and '/' belong to names of ours, so bash, which breaks words
// at some of them, is given only what follows the last break.
// Constants: no thread affinity.
#include "cli/text/completion_scripts.h"

namespace weir::cli {
namespace {

constexpr std::string_view kBash =
    R"script(# weir completion for bash. Use it:  source <(weir completion bash)
_weir() {
  local line=${COMP_LINE:0:COMP_POINT} words found
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  mapfile -t found < <(weir __complete -- "${words[@]:1}" 2>/dev/null)
  # Bash replaces only what follows the last of its word breaks; an '@' among them it replaces too.
  local last=${words[-1]} breaks=${COMP_WORDBREAKS//[^:=@]/} head="" i
  if [[ -n $breaks ]]; then
    head=${last%"${last##*["$breaks"]}"}
    head=${head%@}
  fi
  COMPREPLY=()
  for i in "${found[@]}"; do
    [[ $i == "$last"* ]] && COMPREPLY+=("${i#"$head"}")
  done
  [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default 2>/dev/null
}
complete -F _weir weir
)script";

constexpr std::string_view kZsh =
    R"script(#compdef weir
# weir completion for zsh. Use it:  source <(weir completion zsh)
_weir() {
  local -a found
  found=("${(@f)$(weir __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  if (( ${#found} )); then compadd -Q -- $found; else _files; fi
}
compdef _weir weir
)script";

constexpr std::string_view kFish =
    R"script(# weir completion for fish. Use it:  weir completion fish | source
function __weir_complete
  set -l words (commandline -opc)
  weir __complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c weir -a '(__weir_complete)'
)script";

}  // namespace

const std::vector<std::pair<const char*, std::string_view>>& completion_scripts() {
  static const std::vector<std::pair<const char*, std::string_view>> scripts{
      {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
  return scripts;
}

}  // namespace weir::cli
