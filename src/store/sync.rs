//! The locks of the commit path, behind one name: `parking_lot` and `tokio`, or, with the feature `schedules`, the same
//! shapes on `shuttle`, which runs a test under many schedules and finds the one that breaks it.

#[cfg(not(feature = "schedules"))]
pub(crate) use parking_lot::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
#[cfg(not(feature = "schedules"))]
pub(crate) use tokio::sync::oneshot;

#[cfg(feature = "schedules")]
pub(crate) use scheduled::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, oneshot,
};

#[cfg(feature = "schedules")]
mod scheduled {
    use shuttle::rand::Rng as _;
    use shuttle::sync as under;
    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    pub(crate) use under::{RwLockReadGuard, RwLockWriteGuard};

    const UNPOISONED: &str = "a schedule ends with its first panic";

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(under::Mutex<T>);

    /// Empty only while its condition is waited for.
    pub(crate) struct MutexGuard<'m, T>(Option<under::MutexGuard<'m, T>>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(under::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().expect(UNPOISONED)))
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect(UNPOISONED)
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect(UNPOISONED)
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct RwLock<T>(under::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(under::RwLock::new(value))
        }

        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().expect(UNPOISONED)
        }

        pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().expect(UNPOISONED)
        }

        #[cfg(test)]
        pub(crate) fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
            self.0.try_read().ok()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Condvar(under::Condvar);

    pub(crate) struct Waited {
        timed_out: bool,
    }

    impl Waited {
        pub(crate) fn timed_out(&self) -> bool {
            self.timed_out
        }
    }

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(under::Condvar::new())
        }

        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            guard.0 = guard
                .0
                .take()
                .map(|guard| self.0.wait(guard).expect(UNPOISONED));
        }

        /// Time does not pass here: each wait ends at once or not before it is woken, by chance.
        pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: Duration) -> Waited {
            let timed_out = shuttle::rand::thread_rng().gen_bool(0.5);
            if !timed_out {
                self.wait(guard);
            }
            Waited { timed_out }
        }

        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// One value from one thread to another.
    pub(crate) mod oneshot {
        use super::under::mpsc;
        use std::pin::Pin;
        use std::task::{Context, Poll};

        pub(crate) struct Sender<T>(mpsc::Sender<T>);
        pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

        pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
            let (sender, receiver) = mpsc::channel();
            (Sender(sender), Receiver(receiver))
        }

        impl<T> Sender<T> {
            pub(crate) fn send(self, value: T) -> Result<(), T> {
                self.0.send(value).map_err(|error| error.0)
            }
        }

        impl<T> Receiver<T> {
            pub(crate) fn blocking_recv(self) -> Result<T, mpsc::RecvError> {
                self.0.recv()
            }
        }

        impl<T> Future for Receiver<T> {
            type Output = Result<T, mpsc::RecvError>;

            /// Schedules have threads and no tasks: a waiting future waits on its thread.
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
                Poll::Ready(self.0.recv())
            }
        }
    }
}
