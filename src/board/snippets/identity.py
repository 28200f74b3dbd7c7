__belay((lambda s,i,g:(i.name,tuple(g(i,'version',())),s.platform,g(i,'_mpy',g(i,'mpy',0)),g(__import__('gc'),'mem_free',int)()))(__import__('sys'),__import__('sys').implementation,getattr))
