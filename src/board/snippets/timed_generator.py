def __belay_t(k,v,n=__belay_n,t=__belay_u,r=repr,q=__belay):
 def f(v,k='R'):
  q((a,t(),r(v))if k=='R'else v,k)
 a=t()
 n(k,v,q=f)
