from sys import stdin as __belay_r
from binascii import a2b_base64 as __belay_rb
def __belay_r(*a,r=__belay_r.readline,c=__belay_s,l=__belay_l,p=print,t=type,n=len,f=repr,i=int,e=map,g=globals(),N={},P=(int,float,bool,type(None)),S=(str,bytes),K={'i':int,'n':float,'s':str,'c':{'T':True,'F':False}.get,'b':__belay_rb,'u':lambda x,b=__belay_rb,s=str:s(b(x),'utf8')}):
 N.update(*a)
 m='\x1e'+l[3][-5:]
 while 1:
  s=r()
  if c(s,l[0])&65535:
   return
  p('OK',end='')
  a=s[:-4].split('|')
  s=a.pop(0)
  if s in N:
   a=e(i,a)
  else:
   s='$'+s[1:]
   a=[K[x[0]](x[1:])for x in a]
  s=g[N[s]]
  l[2]=''
  l[1]='C'
  v=s(*a)
  if t(v)in P or t(v)in S and n(v)<99:
   l[2]=v=f(v)
   p('%s%s\x1e%x;'%(m,v,c(v,l[0])&65535),end='')
   l[0]+=1
   l[1]='R'
  else:
   __belay(v)
   v=a=0
