try:
 from binascii import b2a_base64 as __belay_b
except ImportError:
 __belay_b=None
def __belay(v,k='R',b=__belay_b,p=print,t=type,n=len,f=repr,s=str,y=bytes,a=bytearray):
 global __belay_l
 __belay_l=None
 if b and t(v)in(y,a)and n(v)>64:
  k='B'
  r=s(b(v),'ascii')
 else:
  r=f(v)
  if r[:7]=='<memory':
   r=f(y(v))
 __belay_l=k,r
 __belay_a()
def __belay_a(p=print,n=len):
 k,r=__belay_l
 m='\x1eTOKEN'
 h='%s%s%d:'%(m,k,n(r))
 if n(r)<4000:
  p(h+r+m+';',end='')
 else:
  p(h,r,m+';',sep='',end='')
