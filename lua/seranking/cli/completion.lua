--- `seranking completion`: scripts that make a shell complete command lines, by asking `seranking __complete`.
-- SPDX-License-Identifier: MIT

local completion = {
  about = "Print a script for your shell: it completes commands, flags and values.",
}

local SCRIPTS = {}

SCRIPTS.bash = [==[
# Completion of seranking for bash. In ~/.bashrc: source <(seranking completion bash)
_seranking() {
  local line files=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done < <(compgen -f -- "$2")
  fi
}
complete -F _seranking seranking
]==]

SCRIPTS.zsh = [==[
#compdef seranking
# Completion of seranking for zsh. In ~/.zshrc, after compinit: source <(seranking completion zsh)
_seranking() {
  local value about files=
  local -a names shown
  while IFS=$'\t' read -r value about; do
    if [[ $value == :files ]]; then
      files=1
    else
      names+=("$value")
      shown+=("$value${about:+  -- $about}")
    fi
  done < <("$words[1]" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#names )) && compadd -l -d shown -a names
  [[ -n $files ]] && _files
}
if [[ $funcstack[1] == _seranking ]]; then
  _seranking "$@"
else
  compdef _seranking seranking
fi
]==]

SCRIPTS.fish = [==[
# Completion of seranking for fish: seranking completion fish > ~/.config/fish/completions/seranking.fish
function __seranking_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -e words[1]
    for line in (seranking __complete $words "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c seranking -f -a '(__seranking_complete)'
]==]

function completion.define(parser)
  parser:argument("shell", "bash, zsh or fish."):choices { "bash", "zsh", "fish" }
end

function completion.run(context, arguments)
  context.terminal.stdout:write(SCRIPTS[arguments.shell])
end

return completion
