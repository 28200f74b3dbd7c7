try:
 from binascii import b2a_base64 as __belay_b,crc32 as __belay_s
 __belay_s('a')
except:__belay_b=__belay_s=0
__belay_l=[0,'','']
def __belay(v,k='R',l=__belay_l,f=repr,y=bytes):
 r=f(v)
 if r[:4]=='<mem':r=f(y(v))
 l[1]=k
 l[2]=r
 __belay_a(k,r)
 l[0]+=1
def __belay_a(k,r,p=print,n=len,c=__belay_s,m='\x1eTOKEN'):
 n=n(r)
 h='%s%s%d:'%(m,k,n)
 if c:m+=('%08x'%c(r,c(k)))[4*(n<64):]
 m+=';'
 if n<999:
  h+=r+m
  r=m=''
 p(h,r,m,sep='',end='')
