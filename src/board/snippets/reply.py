__belay_l=[0,'',(lambda i,g=getattr,n=__import__:(i.name,g(i,'version',()),n('sys').platform,g(i,'_mpy',g(i,'mpy',0)),g(n('gc'),'mem_free',int)()))(__import__('sys').implementation),'\x1eTOKEN','']
try:from binascii import crc32 as __belay_s;__belay_s('')
except:__belay_s=0
def __belay(v,k='R',l=__belay_l,f=repr,y=bytes):
 r=f(v)
 if r[:4]=='<mem':r=f(y(v))
 l[1],l[2]=k,r
 __belay_a(k,r)
 l[0]+=1
def __belay_a(k,r,p=print,n=len,c=__belay_s,l=__belay_l):
 m=l[3]
 n=n(r)
 h='%s%s%d:'%(m,k,n)
 if c:m+=('%08x'%c(r,c(k)))[4*(n<64):]
 m+=';'
 p(*[h+r+m]if n<999 else(h,r,m),sep='',end='')
