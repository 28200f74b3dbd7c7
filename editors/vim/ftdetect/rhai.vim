" Scripts of belay-script, and other Rhai.
autocmd BufRead,BufNewFile *.rhai setfiletype rhai
