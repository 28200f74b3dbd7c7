try:
 from binascii import b2a_base64 as __belay_b
except ImportError:
 __belay_b=None
def __belay(v,k='R'):
 if __belay_b and type(v)in(bytes,bytearray)and len(v)>64:
  k='B'
  r=str(__belay_b(v),'ascii')
 else:
  r=repr(v)
  if r[:7]=='<memory':
   r=repr(bytes(v))
 if len(r)<400:
  print('\x1eTOKEN%s%d:%s\x1eTOKEN;'%(k,len(r),r),end='')
 else:
  print('\x1eTOKEN%s%d:'%(k,len(r)),r,'\x1eTOKEN;',sep='',end='')
