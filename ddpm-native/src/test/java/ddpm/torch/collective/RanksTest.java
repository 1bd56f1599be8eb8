package ddpm.torch.collective;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RanksTest {
    /** {@code A=1 B=2} as a map. */
    private static Map<String, String> environment(String text) {
        var environment = new HashMap<String, String>();
        for (var entry : text.isBlank() ? new String[0] : text.split(" ")) {
            var parts = entry.split("=", 2);
            environment.put(parts[0], parts[1]);
        }
        return environment;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RANK=3 LOCAL_RANK=1 WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=7 | 3/4 1/2 a:7 torchrun",
                "RANK=1 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=7 TORCHELASTIC_USE_AGENT_STORE=True | 1/2 0/1 a:8 torchrun",
                "RANK=0 WORLD_SIZE=1 | 0/1 0/1 localhost:0 torchrun",
                "RANK=0 WORLD_SIZE=1 SLURM_PROCID=1 SLURM_NTASKS=2 | 0/1 0/1 localhost:0 torchrun",
                "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1"
                        + " OMPI_COMM_WORLD_LOCAL_SIZE=2 | 1/2 1/2 127.0.0.1:29500 Open MPI",
                "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=0"
                        + " OMPI_COMM_WORLD_LOCAL_SIZE=1 MASTER_ADDR=b MASTER_PORT=9 | 1/2 0/1 b:9 Open MPI",
                "PMI_RANK=1 PMI_SIZE=3 | 1/3 1/3 127.0.0.1:29500 MPICH",
                "PMI_RANK=1 PMI_SIZE=3 MPI_LOCALRANKID=0 MPI_LOCALNRANKS=1 MASTER_ADDR=b | 1/3 0/1 b:29500 MPICH",
                "SLURM_PROCID=2 SLURM_NTASKS=3 SLURM_LOCALID=0 SLURM_TASKS_PER_NODE=2,1 SLURM_NODEID=1"
                        + " SLURM_JOB_NODELIST=n[07-08] MASTER_PORT=5 | 2/3 0/1 n07:5 SLURM",
                "SLURM_PROCID=0 SLURM_NTASKS=1 | 0/1 0/1 127.0.0.1:29500 SLURM",
                "JOB_COMPLETION_INDEX=1 WORLD_SIZE=2 MASTER_ADDR=job-0.svc | 1/2 0/1 job-0.svc:29500"
                        + " a Kubernetes indexed job",
                "JOB_COMPLETION_INDEX=1 | 0/1 0/1 localhost:0 no launcher",
                "'' | 0/1 0/1 localhost:0 no launcher",
                "RANK='' | 0/1 0/1 localhost:0 no launcher"
            })
    void eachLaunchersVariablesAreRead(String environment, String expected) {
        var ranks = Ranks.of(environment(environment.replace("''", "")));
        assertEquals(
                expected,
                ranks.rank() + "/" + ranks.size() + " " + ranks.localRank() + "/" + ranks.localSize() + " "
                        + ranks.address() + ":" + ranks.port() + " " + ranks.launcher());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RANK=0 | WORLD_SIZE is not set",
                "WORLD_SIZE=2 | RANK or JOB_COMPLETION_INDEX, is not set",
                "LOCAL_RANK=0 WORLD_SIZE=2 | RANK is not set",
                "RANK=0 WORLD_SIZE=2 MASTER_PORT=1 | MASTER_ADDR is not set",
                "RANK=0 WORLD_SIZE=2 MASTER_ADDR=a | MASTER_PORT is not set",
                "RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1 LOCAL_RANK=0 | LOCAL_WORLD_SIZE",
                "RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=65535 | MASTER_PORT is 65535",
                "RANK=2 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1 | ranks are 0..1",
                "RANK=x WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=1 | RANK is 'x'",
                "RANK=-1 WORLD_SIZE=2 | RANK is '-1'",
                "RANK=0 WORLD_SIZE=0 | WORLD_SIZE is '0'",
                "RANK=0 WORLD_SIZE=2 LOCAL_RANK=3 LOCAL_WORLD_SIZE=3 MASTER_ADDR=a MASTER_PORT=1 | local rank 3 of 3",
                "OMPI_COMM_WORLD_RANK=0 | OMPI_COMM_WORLD_SIZE is not set",
                "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=0"
                        + " OMPI_COMM_WORLD_LOCAL_SIZE=1 | MASTER_ADDR, the host of rank 0",
                "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=0"
                        + " OMPI_COMM_WORLD_LOCAL_SIZE=2 WORLD_SIZE=3 | WORLD_SIZE is 3, and Open MPI has started 2",
                "PMI_RANK=0 | PMI_SIZE is not set",
                "SLURM_PROCID=0 | SLURM_NTASKS is not set",
                "SLURM_PROCID=1 SLURM_NTASKS=2 | SLURM_LOCALID is not set",
                "SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_LOCALID=0 SLURM_TASKS_PER_NODE=x | SLURM_TASKS_PER_NODE is 'x'",
                "SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_LOCALID=0 SLURM_TASKS_PER_NODE=1(x2) SLURM_NODEID=1"
                        + " SLURM_JOB_NODELIST=n[1 | SLURM_JOB_NODELIST is 'n[1'",
                "JOB_COMPLETION_INDEX=0 WORLD_SIZE=2 | MASTER_ADDR is not set",
                "JOB_COMPLETION_INDEX=0 MASTER_ADDR=a | WORLD_SIZE is not set"
            })
    void halfSetAndContradictoryVariablesAreNamed(String environment, String named) {
        var message = assertThrows(IllegalArgumentException.class, () -> Ranks.of(environment(environment)))
                .getMessage();
        assertTrue(message.contains(named) && message.contains("--ranks off"), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "node7 | node7",
                "node7,node8 | node7",
                "node[07-09,12],login | node07",
                "rack[3-4]n[001-100] | rack3n001",
                "a-b.c[5] | a-b.c5"
            })
    void theFirstHostOfSlurmsListIsFound(String list, String host) {
        assertEquals(host, SlurmLists.firstHost(list));
    }

    @ParameterizedTest
    @CsvSource({"''", "'[1-2'", "'n[a-b]'", "'n]1'", "'a b'", "',a'"})
    void whatIsNoListOfHostsIsRefused(String list) {
        assertThrows(IllegalArgumentException.class, () -> SlurmLists.firstHost(list));
    }

    @Test
    void tasksOfEachNodeAreCounted() {
        assertEquals(2, SlurmLists.tasksOfNode("2(x3),1", 2));
        assertEquals(1, SlurmLists.tasksOfNode("2(x3),1", 3));
        assertThrows(IllegalArgumentException.class, () -> SlurmLists.tasksOfNode("2(x3),1", 4));
    }

    @Test
    void jobsOnOneHostMeetAtDifferentPorts() {
        var mpi =
                "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2";
        int one = Ranks.of(environment(mpi + " PMIX_NAMESPACE=12345")).port();
        int other = Ranks.of(environment(mpi + " PMIX_NAMESPACE=12346")).port();
        assertTrue(one != other && one >= 20_000 && one < 30_000, one + " " + other);
    }
}
