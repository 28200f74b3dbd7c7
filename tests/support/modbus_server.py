"""A device of pymodbus at two ports: `python3 modbus_server.py FOLDER TCP RTU`, with the folder that holds pymodbus, the port for
Modbus TCP, and the port where RTU frames pass as on a serial line. Prints `ready` when it listens."""

import asyncio
import sys

folder, tcp, rtu = sys.argv[1:]
sys.path.insert(0, folder)

from pymodbus import FramerType  # noqa: E402
from pymodbus.server import ModbusTcpServer  # noqa: E402
from pymodbus.simulator import DataType, SimData, SimDevice  # noqa: E402


def device() -> SimDevice:
    coils = [SimData(0, values=[True, False, True] + [False] * 7, datatype=DataType.BITS)]
    inputs = [SimData(0, values=[False, True] + [False] * 14, datatype=DataType.BITS)]
    holding = [
        SimData(0, values=[1, 2, 3, 65535], datatype=DataType.REGISTERS),
        SimData(10, values=-12.5, datatype=DataType.FLOAT32),
        SimData(12, values=-70000, datatype=DataType.INT32),
        SimData(14, values=1.25e-9, datatype=DataType.FLOAT64),
        SimData(18, values=4000000000, datatype=DataType.UINT32),
        SimData(30, count=10, values=0, datatype=DataType.REGISTERS),
    ]
    read = [SimData(5, values=[500], datatype=DataType.REGISTERS)]
    return SimDevice(7, simdata=(coils, inputs, holding, read))


async def main() -> None:
    servers = [
        ModbusTcpServer(device(), framer=framer, address=("127.0.0.1", int(port)))
        for framer, port in ((FramerType.SOCKET, tcp), (FramerType.RTU, rtu))
    ]
    for server in servers:
        await server.serve_forever(background=True)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
