" Rhai with MicroPython in device blocks. Made by `belay-script editor vim`.
if exists("b:did_indent")
  finish
endif
let b:did_indent = 1

setlocal autoindent nosmartindent nocindent
setlocal indentexpr=RhaiIndent(v:lnum)
setlocal indentkeys=0{,0},0),0],0`,!^F,o,O
let b:undo_indent = "setlocal autoindent< smartindent< cindent< indentexpr< indentkeys<"

if exists("*RhaiIndent")
  finish
endif

" A line of Python that begins a block.
let s:python_block = '^\s*\(async\|class\|def\|elif\|else\|except\|finally\|for\|if\|try\|while\|with\)\>.*:'
      \ . '\s*\(#.*\)\?$'

" Whether a line ends with the opening back-tick of a body.
function s:OpensBody(text)
  return a:text =~# '[)"[:alnum:]_]\s\+`\s*$'
endfunction

" Whether a line is Python.
function s:InBody(number)
  return index(map(synstack(a:number, 1), 'synIDattr(v:val, "name")'), 'rhaiBody') >= 0
endfunction

function RhaiIndent(number)
  let above = prevnonblank(a:number - 1)
  if above == 0
    return 0
  endif
  let text = getline(above)
  let own = getline(a:number)
  if own =~# '^\s*`\s*$'
    " Align the end of a body with the line that opens it.
    let opening = above
    while opening > 1 && !s:OpensBody(getline(opening))
      let opening -= 1
    endwhile
    return indent(opening)
  endif
  if own =~# '\S' && s:InBody(a:number)
    " The indentation of Python is its meaning: only a new line gets one.
    return -1
  endif
  let depth = indent(above)
  if s:OpensBody(text) || text =~# '[{(\[]\s*\(//.*\)\?$' || text =~# s:python_block
    let depth += shiftwidth()
  endif
  if own =~# '^\s*[})\]]'
    let depth -= shiftwidth()
  endif
  return max([depth, 0])
endfunction
