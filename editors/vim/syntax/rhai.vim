" Rhai with MicroPython in device blocks. Made by `belay-script editor vim`.
if exists("b:current_syntax")
  finish
endif
let s:options = &cpoptions
set cpoptions&vim

syntax include @rhaiPython syntax/python.vim
unlet! b:current_syntax
syntax case match

" Rhai.
syntax keyword rhaiConditional if else switch
syntax keyword rhaiRepeat while loop do until for in continue break
syntax keyword rhaiStatement return throw
syntax keyword rhaiException try catch
syntax keyword rhaiInclude import export as
syntax keyword rhaiDeclaration let const fn private global
syntax keyword rhaiThis this
syntax keyword rhaiBoolean true false
syntax match rhaiFunction /\%(\<fn\s\+\%(\h\w*\.\)\?\)\@<=\h\w*/
syntax match rhaiCall /\<\h\w*\ze\s*(/ contains=rhaiConditional,rhaiRepeat,rhaiStatement,rhaiException,rhaiInclude,rhaiThis
syntax match rhaiModule /\<\h\w*\ze::/
syntax match rhaiNumber /\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d\+\)\?\>/
syntax match rhaiNumber /\<0[xX][0-9a-fA-F_]\+\>\|\<0[oO][0-7_]\+\>\|\<0[bB][01_]\+\>/
syntax match rhaiEscape /\\\%(x\x\{2}\|u\x\{4}\|U\x\{8}\|.\)/ contained
syntax match rhaiCharacter /'\%([^'\\]\|\\\%(x\x\{2}\|u\x\{4}\|U\x\{8}\|.\)\)'/ contains=rhaiEscape
syntax region rhaiString start=/"/ skip=/\\\\\|\\"/ end=/"/ contains=rhaiEscape,@Spell
syntax region rhaiString start=/#"/ end=/"#/ contains=@Spell
syntax region rhaiTemplate start=/`/ skip=/``/ end=/`/ contains=rhaiInterpolation,@Spell
syntax region rhaiInterpolation matchgroup=rhaiDelimiter start=/\${/ end=/}/ contained contains=@rhaiCode
syntax region rhaiBlock start=/#\?{/ end=/}/ transparent contains=@rhaiCode
syntax keyword rhaiTodo TODO FIXME XXX contained
syntax match rhaiComment +//.*$+ contains=rhaiTodo,@Spell
syntax match rhaiDocComment +//[/!].*$+ contains=rhaiTodo,@Spell
syntax region rhaiComment start=+/\*+ end=+\*/+ contains=rhaiComment,rhaiTodo,@Spell
syntax match rhaiTest /\<\(test\|group\|subtest\)\ze\s*["`#(]/
syntax match rhaiTest /\<\(setup\|teardown\)_\(all\|each\)\ze\s*\({\|timeout\>\)/

syntax cluster rhaiCode contains=rhaiConditional,rhaiRepeat,rhaiStatement,rhaiException,rhaiInclude,rhaiDeclaration,rhaiThis,
      \rhaiBoolean,rhaiFunction,rhaiCall,rhaiModule,rhaiNumber,rhaiCharacter,rhaiString,rhaiTemplate,rhaiBlock,rhaiComment,
      \rhaiDocComment,rhaiTest,rhaiDevice

" Device blocks. The text between the quotes of a body is Python.
syntax match rhaiDevice /\<device\s\+\h\w*\ze\_s*[:{]/ contains=rhaiDeviceWord nextgroup=rhaiMixins,rhaiDeviceBlock skipwhite skipempty
syntax keyword rhaiDeviceWord device contained
syntax match rhaiMixins /:[^{]*/ contained contains=rhaiModule nextgroup=rhaiDeviceBlock skipwhite skipempty
syntax region rhaiDeviceBlock matchgroup=rhaiDelimiter start=/{/ end=/}/ contained contains=@rhaiCode,rhaiItem,rhaiMethod
syntax keyword rhaiItem setup task thread teardown contained nextgroup=rhaiItemName skipwhite
syntax match rhaiItemName /\h\w*/ contained nextgroup=rhaiItemParameters skipwhite
syntax region rhaiItemParameters matchgroup=rhaiDelimiter start=/(/ end=/)/ contained contains=rhaiNumber,rhaiString,rhaiCharacter,rhaiBoolean,rhaiParameterGroup
      \ nextgroup=rhaiReturns,rhaiFor,rhaiOption,rhaiBody skipwhite skipempty
syntax match rhaiReturns /->\s*\h[A-Za-z0-9_.]*\%(\[[^`]\{-}\]\+\)\?/ contained nextgroup=rhaiFor,rhaiOption,rhaiBody skipwhite skipempty
syntax region rhaiParameterGroup matchgroup=rhaiDelimiter start=/(/ end=/)/ contained contains=rhaiNumber,rhaiString,rhaiBoolean,rhaiParameterGroup
syntax match rhaiOption /\<\h\w*\%(\s*=\s*\%("[^"]*"\|[^ \t`"#]\+\)\)\?/ contained contains=rhaiNumber,rhaiString,rhaiBoolean
      \ nextgroup=rhaiFor,rhaiOption,rhaiBody skipwhite skipempty
syntax match rhaiFor /\<for\s*"[^"]*"/ contained contains=rhaiString nextgroup=rhaiFor,rhaiOption,rhaiBody skipwhite skipempty
syntax region rhaiBody matchgroup=rhaiQuote start=/`/ skip=/``/ end=/`/ contained keepend contains=@rhaiPython
syntax region rhaiBody matchgroup=rhaiQuote start=/#"/ end=/"#/ contained keepend contains=@rhaiPython
syntax region rhaiBody matchgroup=rhaiQuote start=/##"/ end=/"##/ contained keepend contains=@rhaiPython
syntax region rhaiBody matchgroup=rhaiQuote start=/"/ skip=/\\\\\|\\"/ end=/"/ contained keepend contains=@rhaiPython
syntax keyword rhaiMethod method contained nextgroup=rhaiItemName skipwhite

" Bodies are longer than the lines that Vim would look back.
syntax sync fromstart

highlight default link rhaiConditional Conditional
highlight default link rhaiRepeat Repeat
highlight default link rhaiStatement Statement
highlight default link rhaiException Exception
highlight default link rhaiInclude Include
highlight default link rhaiDeclaration Keyword
highlight default link rhaiThis Identifier
highlight default link rhaiBoolean Boolean
highlight default link rhaiFunction Function
highlight default link rhaiCall Function
highlight default link rhaiModule Identifier
highlight default link rhaiNumber Number
highlight default link rhaiEscape SpecialChar
highlight default link rhaiCharacter Character
highlight default link rhaiString String
highlight default link rhaiTemplate String
highlight default link rhaiDelimiter Delimiter
highlight default link rhaiTodo Todo
highlight default link rhaiComment Comment
highlight default link rhaiDocComment SpecialComment
highlight default link rhaiTest Keyword
highlight default link rhaiDevice Type
highlight default link rhaiDeviceWord Keyword
highlight default link rhaiMixins Type
highlight default link rhaiItem Keyword
highlight default link rhaiItemName Function
highlight default link rhaiReturns Type
highlight default link rhaiOption PreProc
highlight default link rhaiFor PreProc
highlight default link rhaiMethod Keyword
highlight default link rhaiQuote Delimiter

let b:current_syntax = "rhai"
let &cpoptions = s:options
unlet s:options
