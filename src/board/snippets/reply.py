try:
 from binascii import b2a_base64 as __belay_b
except ImportError:
 __belay_b=None
try:
 from binascii import crc32 as __belay_s
 __belay_s('a')
except Exception:
 __belay_s=None
__belay_l=[0,'','']
def __belay(v,k='R',b=__belay_b,t=type,n=len,f=repr,s=str,y=bytes,a=bytearray,l=__belay_l):
 l[2]=''
 if b and k<'S'and t(v)in(y,a)and n(v)>64:
  k='B'
  r=s(b(v)[:-1],'ascii')
 else:
  r=f(v)
  if r[:7]=='<memory':
   r=f(y(v))
 l[1]=k
 l[2]=r
 __belay_a(k,r)
 l[0]+=1
def __belay_a(k,r,p=print,n=len,c=__belay_s):
 m='\x1eTOKEN'
 n=n(r)
 h='%s%s%d:'%(m,k,n)
 if c:
  m+=('%08x'%c(r,c(k)))[4*(n<64):]
 m+=';'
 if n<4000:
  try:
   r=h+r+m
   h=m=''
  except MemoryError:
   pass
 p(h,r,m,sep='',end='')
